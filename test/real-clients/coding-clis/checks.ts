import { readFileSync } from "node:fs"
import { copyFile } from "node:fs/promises"
import { join } from "node:path"
import type { RealClient } from "../real-client.ts"
import { install } from "../support/cache.ts"
import { checkCodex } from "./codex.ts"
import { checkOpencode } from "./opencode.ts"
import { checkQwen } from "./qwen.ts"

export const client: RealClient = {
  programs: ["codex 0.171.0", "opencode 1.18.33", "qwen 0.24.4"],
  limitMinutes: 25,
  run: async (bench) => {
    const lock = readFileSync(join(import.meta.dirname, "package-lock.json"), "utf8")
    const packages = await bench.installed("npm", lock, async (folder) => {
      for (const name of ["package.json", "package-lock.json"])
        await copyFile(join(import.meta.dirname, name), join(folder, name))
      // Not `npm ci`: qwen names optional packages for other systems that no registry has.
      await install("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], folder)
    })
    const service = await bench.startService()
    await checkCodex(bench, service, packages)
    await checkOpencode(bench, service, packages)
    await checkQwen(bench, service, packages)
  },
}
