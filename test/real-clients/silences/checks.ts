import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import type { Asker, Bench, RealClient } from "../real-client.ts"
import { equal, includes } from "../support/expect.ts"
import type { ScriptedService } from "../support/scripted-service.ts"

/** Of an agent that works without a word: behind them stand the limits of clients (60, 120 and 300 s), see docs/clients/failures.md. */
const silencesSeconds = (process.env.SILENCES ?? "70,130,310").split(",").map(Number)
/** Clients that begin at the same time: each starts a program. */
const startMs = 1500

/** Every client that has `askers` waits for an agent that is silent for long, all of them at the same time. */
export const client: RealClient = {
  programs: [
    "each of the other folders' (SILENCES=70,130,310: seconds; SILENT_CLIENTS=llm,aider: some of them)",
  ],
  limitMinutes: 120,
  run: async (bench) => {
    const asked = await allAskers(bench)
    const service = await bench.startService()
    for (const seconds of silencesSeconds) {
      await Promise.all(
        asked.map(async (asker, index) => {
          await new Promise((resolve) => setTimeout(resolve, index * startMs))
          await waitThrough(bench, service, asker, seconds)
        }),
      )
    }
  },
}

async function allAskers(bench: Bench): Promise<Asker[]> {
  const folders = join(import.meta.dirname, "..")
  const some = process.env.SILENT_CLIENTS?.split(",")
  const names = readdirSync(folders).filter(
    (name) =>
      join(folders, name) !== import.meta.dirname &&
      existsSync(join(folders, name, "checks.ts")) &&
      some?.includes(name) !== false,
  )
  const asked: Asker[] = []
  for (const name of names) {
    const { client: other } = (await import(`../${name}/checks.ts`)) as { readonly client: RealClient }
    for (const asker of (await other.askers?.(bench)) ?? []) {
      asked.push({ ...asker, name: `${name}, ${asker.name}` })
    }
  }
  return asked
}

async function waitThrough(
  bench: Bench,
  service: ScriptedService,
  asker: Asker,
  seconds: number,
): Promise<void> {
  const limitMs = seconds * 1000 + 120_000
  const check = async () => {
    const recorder = await bench.record(service.url)
    const mark = `${asker.name} ${seconds}`.replaceAll(/\W+/g, "-")
    const say = asker.say ?? ((text: string) => `[[say:${text}]]`)
    const text = `[[shell:sleep ${seconds}]]${service.command(mark)}[[then]]${say(`After ${mark}.`)}`
    const { stdout, stderr, code } = await asker.ask(`${recorder.url}/v1`, text, limitMs)
    includes(stdout, `After ${mark}.`, `exit code ${code}: ${(stderr || stdout).slice(-500)}`)
    // No request was given up while it was answered, and the work was done once.
    const left = recorder.requests
      .filter(({ isLeft }) => isLeft)
      .map(({ method, path }) => `${method} ${path}`)
    equal({ left, ran: service.ran(mark) }, { left: [], ran: 1 })
    recorder.close()
  }
  await bench.check(`${asker.name}: an agent that is silent for ${seconds} s is waited for`, check, limitMs)
}
