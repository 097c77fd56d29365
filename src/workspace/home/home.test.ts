import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { HomeError, openHome } from "./home.ts"

describe("openHome", () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "home-"))
  })

  afterEach(async () => {
    await rm(folder, { recursive: true })
  })

  const modeOf = async (path: string) => (await stat(path)).mode & 0o777

  it("makes the home with its parents, for its owner only, and finds nothing to warn of", async () => {
    const home = join(folder, "deep", "home")
    expect(await openHome(home)).toEqual([])
    expect(await modeOf(home)).toBe(0o700)
    expect(await openHome(home)).toEqual([])
  })

  it("takes the rights of others away and says so", async () => {
    const home = join(folder, "home")
    await mkdir(home)
    await chmod(home, 0o755)
    await writeFile(join(home, "secrets"), "")
    await chmod(join(home, "secrets"), 0o644)
    expect(await openHome(home)).toEqual([
      `${home} was open to other users (mode 0755); it is 0700 now.`,
      `${join(home, "secrets")} was open to other users (mode 0644); it is 0600 now.`,
    ])
    expect(await modeOf(home)).toBe(0o700)
    expect(await modeOf(join(home, "secrets"))).toBe(0o600)
  })

  it.each([
    ["a file", ""],
    ["inside a file", "inside"],
  ])("says what is wrong when the home is %s", async (_, below) => {
    const file = join(folder, "file")
    await writeFile(file, "")
    const error = await openHome(join(file, below)).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(HomeError)
    expect(String(error)).toContain("is not a folder")
    expect(String(error)).toContain("Set AI_AGENT_PROXY_HOME")
  })

  // Root may write everywhere.
  it.skipIf(process.getuid?.() === 0)("says what to do when there is no permission", async () => {
    await chmod(folder, 0o500)
    const error = await openHome(join(folder, "home")).catch((reason: unknown) => reason)
    await chmod(folder, 0o700)
    expect(String(error)).toContain("no permission")
  })
})
