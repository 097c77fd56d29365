import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createTempDir, type TempDir } from "../../../test/support/temp-dir.ts"
import type { CommandResult } from "../machine/run-command.ts"
import type { ServiceSpec } from "../machine/service-spec.ts"
import { LaunchdManager } from "./launchd-manager.ts"
import { launchdPlist, specOfLaunchdPlist } from "./launchd-plist.ts"

const spec: ServiceSpec = {
  version: "1.2.3",
  user: "alice",
  node: "/opt/homebrew/bin/node",
  launcher: "/opt/a&b/<c>/ai-agent-proxy.cjs",
  flags: ["--no-auth"],
  homeDir: "/Users/alice",
  home: "/Users/alice/.ai_agent_proxy",
  stopSeconds: 30,
}

let folder: TempDir
let calls: string[]
/** What `launchctl print` says; null: the service is not loaded. */
let printed: string | null

beforeEach(async () => {
  folder = await createTempDir("launchd")
  calls = []
  printed = null
})
afterEach(() => folder.remove())

function manager(): LaunchdManager {
  return new LaunchdManager({
    scope: "user",
    user: { uid: 501, homeDir: spec.homeDir },
    home: spec.home,
    folder: folder.path,
    run: async (program, args): Promise<CommandResult> => {
      calls.push([program, ...args].join(" "))
      const isKnown = printed !== null || !["print", "bootout"].includes(args[0] ?? "")
      return { exitCode: isKnown ? 0 : 113, stdout: printed ?? "", stderr: "", isMissing: false }
    },
  })
}

describe("the launchd property list", () => {
  it("starts the daemon with the environment file, at load and whenever it ends", () => {
    const plist = launchdPlist(spec, "user")
    const strings = [...plist.matchAll(/<string>([^<]*)<\/string>/g)].map((match) => match[1])
    expect(strings).toEqual(
      expect.arrayContaining([
        "/opt/homebrew/bin/node",
        "/opt/a&amp;b/&lt;c&gt;/ai-agent-proxy.cjs",
        "daemon",
        "--environment-file",
        "/Users/alice/.ai_agent_proxy/service.env",
        "--no-auth",
      ]),
    )
    expect(plist).toMatch(/<key>RunAtLoad<\/key>\s*<true\/>/)
    expect(plist).toMatch(/<key>KeepAlive<\/key>\s*<true\/>/)
  })

  it("names its user only where it belongs to the machine", () => {
    expect(launchdPlist(spec, "system")).toMatch(/<key>UserName<\/key>\s*<string>alice<\/string>/)
    expect(launchdPlist(spec, "user")).not.toContain("UserName")
  })

  it("says what it was made from", () => {
    expect(specOfLaunchdPlist(launchdPlist(spec, "system"))).toEqual(spec)
    expect(specOfLaunchdPlist("<plist/>")).toBeNull()
  })
})

describe("launchd", () => {
  it("is given the property list and starts it", async () => {
    await manager().install(spec)
    expect(readFileSync(join(folder.path, "ai-agent-proxy.plist"), "utf8")).toBe(launchdPlist(spec, "user"))
    await manager().restart()
    expect(calls).toEqual([
      "launchctl enable gui/501/ai-agent-proxy",
      "launchctl bootout gui/501/ai-agent-proxy",
      "launchctl print gui/501/ai-agent-proxy",
      `launchctl bootstrap gui/501 ${join(folder.path, "ai-agent-proxy.plist")}`,
    ])
    expect((await manager().installed())?.spec).toEqual(spec)
  })

  it("starts a loaded service again", async () => {
    printed = "state = running\n"
    await manager().restart()
    expect(calls.at(-1)).toBe("launchctl kickstart -k gui/501/ai-agent-proxy")
  })

  it("is asked how the service is", async () => {
    expect(await manager().state()).toMatchObject({ isEnabled: false, activity: "stopped", pid: null })
    printed = "\tstate = running\n\tpid = 4711\n\tlast exit code = 1\n"
    expect(await manager().state()).toEqual({
      isEnabled: true,
      activity: "running",
      pid: 4711,
      detail: "running, last exit code 1",
    })
  })

  it("forgets the service, twice", async () => {
    await manager().install(spec)
    writeFileSync(join(folder.path, "ai-agent-proxy.plist.0123456789ab.tmp"), "half")
    await manager().remove()
    await manager().remove()
    expect(existsSync(join(folder.path, "ai-agent-proxy.plist"))).toBe(false)
    expect(existsSync(join(folder.path, "ai-agent-proxy.plist.0123456789ab.tmp"))).toBe(false)
    expect(await manager().installed()).toBeNull()
  })
})
