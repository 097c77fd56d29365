import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { waitFor } from "../../support/wait-for.ts"
import type { Asker, Bench, RealClient } from "../real-client.ts"
import { equal, includes } from "../support/expect.ts"
import type { ScriptedService } from "../support/scripted-service.ts"

/** Of an agent that works without a word: behind them stand the limits of clients (60, 120 and 300 s), see docs/clients/failures.md. */
const silencesSeconds = (process.env.SILENCES ?? "70,130,310").split(",").map(Number)
/** Of programs that wait at the same time, so that a small machine has the memory for them. */
const maxAtOnce = 32
/** The next one is started when the one before it has asked, and no later than this. */
const maxStartMs = 60_000

/** Every client that has `askers` waits for an agent that is silent for long, many of them at the same time. */
export const client: RealClient = {
  programs: [
    "each of the other folders' (SILENCES=70,130,310: seconds; SILENT_CLIENTS=llm,aider: some of them)",
  ],
  limitMinutes: 120,
  run: async (bench) => {
    const asked = await allAskers(bench)
    const service = await bench.startService()
    const running = new Set<Promise<void>>()
    for (const seconds of silencesSeconds.toSorted((a, b) => b - a)) {
      for (const asker of asked) {
        while (running.size >= maxAtOnce) await Promise.race(running)
        const { hasAsked, over } = await waitThrough(bench, service, asker, seconds)
        const isOver = over.finally(() => running.delete(isOver))
        running.add(isOver)
        await Promise.race([hasAsked, isOver])
      }
    }
    await Promise.all(running)
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

interface Waiting {
  /** Resolves at its first request, or when that is late. */
  readonly hasAsked: Promise<void>
  readonly over: Promise<void>
}

async function waitThrough(
  bench: Bench,
  service: ScriptedService,
  asker: Asker,
  seconds: number,
): Promise<Waiting> {
  const limitMs = seconds * 1000 + 120_000
  const recorder = await bench.record(service.url)
  const check = async () => {
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
  const what = `${asker.name}: an agent that is silent for ${seconds} s is waited for`
  const over = bench.check(what, check, limitMs).then(() => {})
  const isAsked = () => recorder.requests.some(({ method }) => method === "POST")
  const hasAsked = waitFor(isAsked, { what: "its request", timeoutMs: maxStartMs }).then(
    () => {},
    () => {},
  )
  return { hasAsked, over }
}
