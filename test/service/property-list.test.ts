import { spawnSync } from "node:child_process"
import { describe, expect, it } from "vitest"
import { launchdPlist, specOfLaunchdPlist } from "../../src/supervise/launchd/launchd-plist.ts"
import { nodeOptions } from "../../src/supervise/machine/service-spec.ts"

/** Python reads property lists as `plutil` does, which only macOS has. */
const hasReader = spawnSync("python3", ["-c", "import plistlib"]).status === 0
if (!hasReader)
  console.warn("The property list of macOS is not read by another program: there is no python3.")

const odd = "/Users/al&ice/<x>\"'`$ %h;\\ ünïcödé ]]> --\r/ai-agent-proxy.cjs"
const spec = {
  version: "1.2.3",
  user: odd,
  node: "/opt/homebrew/bin/node",
  launcher: odd,
  flags: ["--no-auth"],
  homeDir: odd,
  home: odd,
  stopSeconds: 30,
}

describe("the property list for launchd", () => {
  it.skipIf(!hasReader)("is read as it was meant, whatever characters paths have", () => {
    const { stdout, stderr } = spawnSync(
      "python3",
      ["-c", "import plistlib, json, sys; print(json.dumps(plistlib.loads(sys.stdin.buffer.read())))"],
      { input: launchdPlist(spec, "system"), encoding: "utf8" },
    )
    expect(stderr).toBe("")
    expect(JSON.parse(stdout)).toEqual({
      Label: "ai-agent-proxy",
      UserName: odd,
      ProgramArguments: [
        ...[spec.node, ...nodeOptions, odd, "daemon", "--environment-file", `${odd}/service.env`],
        ...spec.flags,
      ],
      WorkingDirectory: odd,
      EnvironmentVariables: { HOME: odd },
      RunAtLoad: true,
      KeepAlive: true,
      ThrottleInterval: 5,
      ExitTimeOut: 30,
      StandardOutPath: `${odd}/service.log`,
      StandardErrorPath: `${odd}/service.log`,
      HardResourceLimits: { Core: 0 },
      AiAgentProxySpec: JSON.stringify(spec),
    })
    expect(specOfLaunchdPlist(launchdPlist(spec, "system"))).toEqual(spec)
  })
})
