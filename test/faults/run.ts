/** Counts what accidents and attacks do to the built service: `node test/faults/run.ts --help`. */
import { randomInt } from "node:crypto"
import { rmSync } from "node:fs"
import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { badRequests } from "./bad-requests.ts"
import { kills } from "./kills.ts"
import { overload } from "./overload.ts"
import { isMissed, type Part, type PartResult } from "./part.ts"
import { renderReport } from "./report.ts"
import { soak } from "./soak.ts"
import { stalls } from "./stalls.ts"
import { copyBuild } from "./support/build.ts"
import { seededRandom } from "./support/random.ts"
import { killAllServices } from "./support/service-under-test.ts"

const parts: Readonly<Record<string, Part>> = { kills, "bad-requests": badRequests, overload, stalls, soak }

const longestMs = 20 * 60_000

const help = `Counts what kills, bad requests, overload, stalled readers and long use do to the built service.

  node test/faults/run.ts                 all parts, at most 20 minutes on two quiet cores
  node test/faults/run.ts --only NAME     ${Object.keys(parts).join(", ")}; can be given again
  node test/faults/run.ts --quick         a few rounds: shows that the parts work
  node test/faults/run.ts --size 0.2      a fifth of the repetitions
  node test/faults/run.ts --seed N        the choices of an earlier run
  node test/faults/run.ts --dist FOLDER   another build's dist/

Exit code 1: a count is not what it must be. Linux only, for processes are looked up in /proc.`

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    size: { type: "string", default: "1" },
    only: { type: "string", multiple: true },
    seed: { type: "string" },
    dist: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
})

if (values.help) console.log(help)
else process.exitCode = await main()

async function main(): Promise<number> {
  const names = values.only ?? Object.keys(parts)
  const unknown = names.find((name) => !Object.hasOwn(parts, name))
  const seed = values.seed === undefined ? randomInt(1_000_000) : Number(values.seed)
  if (unknown !== undefined || !Number.isSafeInteger(seed) || !(Number(values.size) > 0)) {
    console.error(
      unknown === undefined
        ? "--seed and --size must be numbers."
        : `There is no part ${unknown}.\n\n${help}`,
    )
    return 2
  }
  console.error(`seed ${seed}`)
  const root = await realpath(await mkdtemp(join(tmpdir(), "ai-agent-proxy-faults-")))
  // What helpers of the tests make for a while is removed with it, also when the run is interrupted.
  process.env.TMPDIR = root
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => leave(root, 130))
  }
  const results = new Map<string, PartResult>()
  const giveUp = setTimeout(() => {
    console.log(renderReport(results))
    console.error(`It is not over within ${longestMs / 60_000} minutes.`)
    leave(root, 1)
  }, longestMs)
  try {
    const build = await copyBuild(values.dist ?? null, join(root, "build"))
    for (const name of names) {
      const startedAt = performance.now()
      results.set(name, await runPart(name, seed, build, root))
      console.error(`${name}: ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
    }
  } finally {
    clearTimeout(giveUp)
    killAllServices()
    await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
  }
  console.log(renderReport(results))
  return [...results.values()].some(({ counts }) => counts.some(isMissed)) ? 1 : 0
}

/** At once, whatever is under way. */
function leave(root: string, code: number): never {
  killAllServices()
  rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
  process.exit(code)
}

/** A part that breaks off is a fault of its own: the others are run all the same. */
async function runPart(
  name: string,
  seed: number,
  build: Awaited<ReturnType<typeof copyBuild>>,
  root: string,
): Promise<PartResult> {
  const part = parts[name]
  if (part === undefined) throw new Error(`no part ${name}`)
  const size = values.quick ? 1 / 30 : Number(values.size)
  let folders = 0
  try {
    return await part({
      build,
      isQuick: values.quick,
      repetitions: (full) => Math.max(1, Math.round(full * size)),
      random: seededRandom(seed, name),
      newFolder: async (label) => {
        folders += 1
        const folder = join(root, `${label}-${folders}`)
        await mkdir(folder)
        return folder
      },
      tell: (text) => console.error(`  ${name}: ${text}`),
    })
  } catch (error) {
    return {
      done: "broke off",
      counts: [{ what: "broke off", value: 1, atMost: 0 }],
      faults: [error instanceof Error ? `${error.message} ${String(error.cause ?? "")}` : String(error)],
    }
  }
}
