import { mkdir } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import type { Build } from "../../faults/support/build.ts"
import type { Bench } from "../real-client.ts"
import type { Cache } from "./cache.ts"
import { runOn, runProgram } from "./program.ts"
import { startRecordingProxy } from "./recording-proxy.ts"
import { startScriptedService } from "./scripted-service.ts"

export interface Tally {
  ok: number
  failed: number
  skipped: number
}

export interface CheckBench extends Bench {
  /** Ends what the checks have started. Safe twice. */
  end(): Promise<void>
}

/** `name`: of the client, as it stands in each line. `folder` exists and is empty. */
export function createCheckBench(
  name: string,
  folder: string,
  build: Build,
  cache: Cache,
  tally: Tally,
): CheckBench {
  const cleanUps: (() => unknown)[] = []
  let services = 0

  const skip: Bench["skip"] = (what, why) => {
    tally.skipped += 1
    console.log(`skip ${name}: ${what}: ${why}`)
  }
  return {
    command: [process.execPath, build.launcher],
    folder,
    skip,
    check: async (what, work, limitMs = 120_000) => {
      const failure = await within(limitMs, work())
      if (failure === null) tally.ok += 1
      else tally.failed += 1
      console.log(failure === null ? `ok   ${name}: ${what}` : `FAIL ${name}: ${what}: ${failure}`)
      return failure === null
    },
    installed: (program, pins, install) => cache.installed(program, pins, install),
    pythonEnvironment: async (requirements, options = {}) => {
      const label = `${basename(dirname(requirements))}-${basename(requirements, ".txt")}`
      const environment = await cache.pythonEnvironment(label, requirements, options)
      if (environment === null) skip(basename(dirname(requirements)), "needs Python 3.11 or 3.12 on the PATH")
      return environment
    },
    npmPackages: (source) => cache.npmPackages(source),
    startService: async (options = {}) => {
      services += 1
      const own = join(folder, `service-${services}`)
      await mkdir(own)
      const service = await startScriptedService(build, own, options)
      cleanUps.push(() => service.stop())
      return service
    },
    record: async (url) => {
      const proxy = await startRecordingProxy(url)
      cleanUps.push(() => proxy.close())
      return proxy
    },
    run: runProgram,
    runOn: (program) => {
      const running = runOn(program)
      cleanUps.push(running.end)
      return running
    },
    atEnd: (cleanUp) => {
      cleanUps.push(cleanUp)
    },
    end: async () => {
      for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
    },
  }
}

/** Null: it went well. Else what went wrong, in one line. */
async function within(limitMs: number, work: Promise<unknown>): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`not over within ${limitMs / 1000} s`), limitMs)
  })
  try {
    return await Promise.race([work.then(() => null, oneLine), late])
  } finally {
    clearTimeout(timer)
  }
}

export function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.replaceAll(/\s+/g, " ").trim().slice(0, 1000)
}
