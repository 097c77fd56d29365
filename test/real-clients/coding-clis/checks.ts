import { readFileSync } from "node:fs"
import { copyFile, mkdtemp } from "node:fs/promises"
import { join } from "node:path"
import type { Bench, RealClient } from "../real-client.ts"
import { install } from "../support/cache.ts"
import { checkCodex, setUpCodex } from "./codex.ts"
import { checkCodingCli, type SetUpCodingCli, startOf } from "./coding-cli.ts"
import { setUpOpencode } from "./opencode.ts"
import { setUpQwen } from "./qwen.ts"

export const client: RealClient = {
  programs: ["codex 0.171.0", "opencode 1.18.33", "qwen 0.24.4"],
  limitMinutes: 25,
  run: async (bench) => {
    const packages = await installed(bench)
    const service = await bench.startService()
    for (const setUp of [setUpCodex, setUpOpencode, setUpQwen]) {
      const home = await newHome(bench)
      const cli = await setUp(packages, home, service.baseUrl)
      await checkCodingCli(bench, service, home, cli)
      if (setUp === setUpCodex) await checkCodex(bench, home, cli)
    }
  },
  askers: async (bench) => {
    const packages = await installed(bench)
    const clis: Record<string, SetUpCodingCli> = {
      codex: setUpCodex,
      opencode: setUpOpencode,
      qwen: setUpQwen,
    }
    return Object.entries(clis).map(([name, setUp]) => ({
      name,
      ask: async (baseUrl, text, limitMs) => {
        const home = await newHome(bench)
        const cli = await setUp(packages, home, baseUrl)
        return bench.run({ ...(await startOf(cli, home, cli.once(text))), limitMs })
      },
    }))
  },
}

const newHome = (bench: Bench) => mkdtemp(join(bench.folder, "coding-cli-"))

function installed(bench: Bench): Promise<string> {
  const lock = readFileSync(join(import.meta.dirname, "package-lock.json"), "utf8")
  return bench.installed("coding-clis-npm", lock, async (folder) => {
    for (const name of ["package.json", "package-lock.json"])
      await copyFile(join(import.meta.dirname, name), join(folder, name))
    // Not `npm ci`: qwen names optional packages for other systems that no registry has.
    await install("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], folder)
  })
}
