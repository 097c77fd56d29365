import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { startModelServer } from "../model-server/model-server.ts"
import { codexNativeBinary } from "../support/codex-binary.ts"
import { createCodexHome } from "../support/codex-home.ts"
import { waitFor } from "../support/wait-for.ts"
import { KilledClient } from "./kills/killed-client.ts"
import { ReadAgain } from "./kills/read-again.ts"
import { TurnMarks } from "./kills/turn-marks.ts"
import { none, type PartContext, type PartResult, told } from "./part.ts"
import { processesLeft } from "./support/processes-left.ts"
import type { Random } from "./support/random.ts"
import { Recorder } from "./support/recorder.ts"
import { ServiceUnderTest } from "./support/service-under-test.ts"

const clients = 4
/** A turn on a new codex begins to be told after half a second. */
const longestLifeMs = 1_400
const longestStartMs = 300
const settleMs = 30_000
const endMs = 5_000

/**
 * `kill -9` of the service at random moments while clients have turns on the real codex, whole, streamed, in the background
 * and polled, in one home that lives on. Whatever a client has read is read again after the next start and at the end.
 */
export async function kills({
  build,
  repetitions,
  random,
  newFolder,
  tell,
}: PartContext): Promise<PartResult> {
  const count = repetitions(300)
  const folder = await newFolder("kills")
  const model = await startModelServer({ maxRequests: 100_000 })
  const codex = await createCodexHome({ modelUrl: model.url, streamMaxRetries: 0 })
  const service = await ServiceUnderTest.start({ build, folder, cli: codexNativeBinary(), env: codex.env })
  const recorder = new Recorder()
  const marks = new TurnMarks(join(folder, "marks"), random)
  const again = new ReadAgain(service.port, recorder)
  let onEnd = (): void => {}
  const askers = Array.from(
    { length: clients },
    () =>
      new KilledClient({
        port: service.port,
        random,
        recorder,
        newInput: () => marks.newInput(),
        onEnd: () => onEnd(),
      }),
  )
  try {
    for (let round = 1; round <= count; round += 1) {
      const known = new Set(idsOf(recorder))
      const asking = Promise.all(askers.map((asker) => asker.run()))
      await dieAtSomeMoment(service, random, (listener) => {
        onEnd = listener
      })
      await asking
      // What one start has begun to put right, the next one finds half done.
      if (random.chance(1 / 6)) await service.dieInStart(random.integer(0, longestStartMs))
      await service.start()
      await again.all(new Set([...idsOf(recorder).filter((id) => !known.has(id)), ...again.open]))
      marks.collect(model)
      if (round % 25 === 0) tell(`${round} kills, changed ${recorder.changed}, lost ${recorder.lost}`)
    }
    await everythingEnds(again, recorder)
    await again.all()
    marks.collect(model)
  } finally {
    await service.stop()
    await model.close()
  }
  const left = await processesLeft(folder, endMs)

  const twice = marks.twice()
  const refusals = askers.flatMap((asker) => asker.refusals)
  const turns = askers.reduce((sum, asker) => sum + asker.turns, 0)
  const stuckRequests = again.stuck + askers.reduce((sum, asker) => sum + asker.stuck, 0)
  const ended = [...recorder.responses.values()].map(({ end }) => end?.status)
  return {
    done: `${count} kills -9, ${turns} turns of ${clients} clients on the real codex`,
    counts: [
      none("lost", recorder.lost),
      none("changed", recorder.changed),
      told("of these, told another end", recorder.changedEnds),
      none("run twice", twice.length),
      none("stuck", stuckRequests + again.open.size),
      none("refused", refusals.length),
      none("processes left", left.length),
      told("responses that ended as completed", ended.filter((status) => status === "completed").length),
      told("responses that a kill ended", ended.filter((status) => status === "failed").length),
    ],
    faults: [
      ...recorder.faults,
      ...twice.map((mark) => `run twice: ${mark}`),
      ...[...again.open].map((id) => `${id}: stuck, it has no end`),
      ...refusals.map((refusal) => `refused: ${refusal}`),
      ...left.map((line) => `left: ${line}`),
    ],
  }
}

/** A third of the deaths come at any moment, the others in the moment in which a client is told an end. */
async function dieAtSomeMoment(
  service: ServiceUnderTest,
  random: Random,
  listen: (listener: () => void) => void,
): Promise<void> {
  if (random.chance(1 / 3)) {
    await delay(random.integer(0, longestLifeMs))
    return service.kill()
  }
  let wanted = random.integer(1, clients)
  const extraMs = random.pick([0, 0, 0, 1, 3])
  const deadline = new AbortController()
  await new Promise<void>((resolve) => {
    const die = (): void => {
      deadline.abort()
      void service.kill().then(resolve)
    }
    listen(() => {
      wanted -= 1
      if (wanted !== 0) return
      // In the same tick: what is told and not stored yet is a matter of a millisecond.
      if (extraMs === 0) die()
      else setTimeout(die, extraMs)
    })
    delay(3 * longestLifeMs, undefined, { signal: deadline.signal }).then(die, () => {})
  })
  listen(() => {})
}

function idsOf({ responses, completions, conversations, deleted }: Recorder): string[] {
  return [...responses.keys(), ...completions.keys(), ...conversations.keys(), ...deleted]
}

async function everythingEnds(again: ReadAgain, recorder: Recorder): Promise<void> {
  const open = new Set([...recorder.responses].flatMap(([id, { end }]) => (end === null ? [id] : [])))
  await waitFor(
    async () => {
      await again.all(new Set([...open, ...again.open]))
      return again.open.size === 0
    },
    { what: "all responses to end", timeoutMs: settleMs, intervalMs: 200 },
  ).catch(() => {
    // Counted: what is open still is stuck.
  })
}
