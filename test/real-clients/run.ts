/** Runs programs that people use against the built service: `test/real-clients/run --help`. */
import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, rmSync } from "node:fs"
import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"
import { type Build, copyBuild } from "../faults/support/build.ts"
import { killAllServices } from "../faults/support/service-under-test.ts"
import type { RealClient } from "./real-client.ts"
import { Cache } from "./support/cache.ts"
import { createCheckBench, oneLine, type Tally } from "./support/check-bench.ts"
import { endAllPrograms } from "./support/program.ts"

const here = import.meta.dirname
const names = readdirSync(here).filter((name) => existsSync(join(here, name, "checks.ts")))

const help = `Runs programs that people use, unmodified, against the built service over a real agent CLI with a scripted model.

  test/real-clients/run                 all of them
  test/real-clients/run NAME...         ${names.join(", ")}
  test/real-clients/run --list          what each of them is
  test/real-clients/run --dist FOLDER   another build's dist/

REAL_CLIENTS_CACHE=FOLDER keeps what was installed for the next run. Exit code 1: a check has failed.`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    list: { type: "boolean", default: false },
    dist: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
})

if (values.help) console.log(help)
else if (values.list) await list()
else process.exitCode = await main()

async function list(): Promise<void> {
  for (const name of names) console.log(`${name}: ${(await clientOf(name)).programs.join(", ")}`)
}

async function clientOf(name: string): Promise<RealClient> {
  // Each folder's checks.ts exports it: see real-client.ts.
  const { client } = (await import(`./${name}/checks.ts`)) as { readonly client: RealClient }
  return client
}

async function main(): Promise<number> {
  const unknown = positionals.find((name) => !names.includes(name))
  if (unknown !== undefined) {
    console.error(`There is no ${unknown}.\n\n${help}`)
    return 2
  }
  const root = await realpath(await mkdtemp(join(tmpdir(), "ai-agent-proxy-clients-")))
  // What helpers of the tests make for a while is removed with it, also when the run is interrupted.
  process.env.TMPDIR = root
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      endAll()
      rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
      process.exit(130)
    })
  }
  const tally: Tally = { ok: 0, failed: 0, skipped: 0 }
  try {
    if (values.dist === undefined) {
      const repository = resolve(here, "../..")
      execFileSync(process.execPath, ["scripts/build.ts"], {
        cwd: repository,
        stdio: ["ignore", "ignore", "inherit"],
      })
    }
    const build = await copyBuild(values.dist ?? null, join(root, "build"))
    const cache = new Cache(resolve(process.env.REAL_CLIENTS_CACHE ?? join(root, "cache")))
    await mkdir(cache.folder, { recursive: true })
    for (const name of positionals.length === 0 ? names : positionals)
      await runClient(name, root, build, cache, tally)
  } finally {
    endAll()
    await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
  }
  console.log(`${tally.ok} ok, ${tally.failed} failed, ${tally.skipped} skipped`)
  return tally.failed === 0 ? 0 : 1
}

async function runClient(
  name: string,
  root: string,
  build: Build,
  cache: Cache,
  tally: Tally,
): Promise<void> {
  const folder = join(root, name)
  await mkdir(folder)
  const bench = createCheckBench(name, folder, build, cache, tally)
  let timer: NodeJS.Timeout | undefined
  try {
    const client = await clientOf(name)
    const late = new Promise<never>((_, reject) => {
      const error = new Error(`not over within ${client.limitMinutes} minutes`)
      timer = setTimeout(() => reject(error), client.limitMinutes * 60_000)
    })
    await Promise.race([client.run(bench), late])
  } catch (error) {
    tally.failed += 1
    console.log(`FAIL ${name}: broke off: ${oneLine(error)}`)
  } finally {
    clearTimeout(timer)
    await bench.end()
    endAllPrograms()
  }
}

function endAll(): void {
  endAllPrograms()
  killAllServices()
}
