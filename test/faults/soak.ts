import { Agent } from "node:http"
import { bounded, none, type PartContext, type PartResult, told } from "./part.ts"
import { Soaker } from "./soak/soaker.ts"
import { quietFiguresOf } from "./support/process-figures.ts"
import { Recorder } from "./support/recorder.ts"
import { ServiceUnderTest } from "./support/service-under-test.ts"
import { createStubCli } from "./support/stub-cli.ts"

const clients = 16
const readTimeoutMs = 30_000

/** Long use: conversations of several turns by both endpoints, whole and streamed, with deletes; all is read again at the end. */
export async function soak({
  build,
  repetitions,
  random,
  newFolder,
  tell,
}: PartContext): Promise<PartResult> {
  const count = repetitions(10_000)
  const folder = await newFolder("soak")
  const cli = await createStubCli(folder)
  const service = await ServiceUnderTest.start({ build, folder, cli: cli.path })
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const recorder = new Recorder()
  const soakers = Array.from(
    { length: clients },
    () => new Soaker({ port: service.port, agent, random, recorder }),
  )
  const runTurns = async (number: number): Promise<void> => {
    let left = number
    await Promise.all(
      soakers.map(async (soaker) => {
        while (left > 0) {
          left -= 1
          await soaker.turn()
        }
      }),
    )
  }
  try {
    // What is kept for a while (threads, answers) has its full size after the first part.
    const warmUp = Math.floor(count / 4)
    await runTurns(warmUp)
    agent.destroy()
    const before = await quietFiguresOf(service.pid)
    await runTurns(count - warmUp)
    agent.destroy()
    const after = await quietFiguresOf(service.pid)
    tell(`${before.residentMb.toFixed(0)} MB, ${after.residentMb.toFixed(0)} MB at the end`)
    for (const soaker of soakers) await soaker.readAll(readTimeoutMs)
    agent.destroy()
    const failures = soakers.flatMap((soaker) => soaker.failures)
    return {
      done: `${count} turns of ${clients} clients`,
      counts: [
        none("failed", failures.length),
        none("lost", recorder.lost),
        none("changed", recorder.changed),
        none(
          "deleted and there again",
          soakers.reduce((sum, soaker) => sum + soaker.undeleted, 0),
        ),
        bounded("growth of memory after the first quarter", after.residentMb - before.residentMb, 48, "MB"),
        bounded("growth of open files after the first quarter", after.openFiles - before.openFiles, 0),
        told("memory at the end", after.residentMb, "MB"),
        told("answers read again", recorder.responses.size + recorder.completions.size),
      ],
      faults: [...failures, ...recorder.faults],
    }
  } finally {
    agent.destroy()
    await service.stop()
  }
}
