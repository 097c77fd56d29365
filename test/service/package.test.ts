import { spawn, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type ModelServer, startModelServer } from "../model-server/model-server.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { type CodexHome, createCodexHome } from "../support/codex-home.ts"
import { resultOf } from "../support/command.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { makePayload, type Payload } from "../systemd/sandbox.ts"

/** `npm pack`, and a global install of the tarball by the npm of this machine. */
let payload: Payload
let user: TempDir
let model: ModelServer
let codex: CodexHome

/** The machine's own Node, if it is an old one. */
const oldFolder = ["/usr/bin", "/usr/local/bin"].find((folder) => {
  if (!existsSync(join(folder, "node"))) return false
  const { stdout } = spawnSync(join(folder, "node"), ["--version"], { encoding: "utf8" })
  return Number(/^v(\d+)/.exec(stdout)?.[1]) < 24
})
if (oldFolder === undefined) console.warn("The package is not tried on an old Node: there is none here.")

beforeAll(async () => {
  payload = await makePayload()
  user = await createTempDir("fresh")
  model = await startModelServer()
  codex = await createCodexHome({ modelUrl: model.url })
}, 120_000)
afterAll(async () => {
  await payload?.remove()
  await user?.remove()
  await model?.close()
  await codex?.remove()
})

/** As a person types it in an empty home, on a machine whose Node is what `folder` has; the CLI and its log-in are there. */
async function type(line: string, folder: string) {
  const path = [join(payload.path, "prefix", "bin"), join(user.path, "tools"), folder, "/usr/bin", "/bin"]
  const child = spawn("/bin/bash", ["-c", line], {
    cwd: user.path,
    env: { ...codex.env, HOME: user.path, PATH: path.join(":"), AI_AGENT_PROXY_PORT: "7612" },
    stdio: ["ignore", "pipe", "pipe"],
  })
  const result = await resultOf(child)
  return { ...result, all: `${result.stdout}${result.stderr}` }
}

/** On the way that docs/service.md describes for a machine with an old Node, and on one with Node 24. */
const machines: readonly [title: string, folder: () => string, isOld: boolean][] = [
  ["Node 24", () => join(payload.path, "bin"), false],
  ["an old Node", () => oldFolder ?? "", true],
]

describe.each(machines)("the installed package on a machine with %s", (_title, folder, isOld) => {
  if (isOld)
    it.skipIf(oldFolder === undefined)("says how to get a Node for it alone, and takes that", async () => {
      const ran = await type("ai-agent-proxy doctor", folder())
      expect(ran.code).toBe(78)
      const runtime = join(user.path, ".ai_agent_proxy", "runtime")
      expect(ran.stderr).toContain(`npm install --prefix ${runtime} node@24`)
      // What that command makes; the network is not asked for it here.
      mkdirSync(join(runtime, "node_modules", "node", "bin"), { recursive: true })
      symlinkSync(join(payload.path, "bin", "node"), join(runtime, "node_modules", "node", "bin", "node"))
      expect((await type("ai-agent-proxy --version", folder())).code).toBe(0)
    })

  it.skipIf(isOld && oldFolder === undefined)(
    "shows what enable would write, has a doctor, and talks through a pipe without a service",
    async () => {
      const before = await type("ai-agent-proxy doctor", folder())
      expect(before.code).toBe(1)
      expect(before.stdout).toMatch(/^ok {4}node/m)
      expect(before.stdout).toMatch(/^WARN {2}service.*\n\s+next: ai-agent-proxy enable/m)
      expect(before.stdout).toMatch(/^FAIL {2}cli.*\n\s+next: install it/m)

      mkdirSync(join(user.path, "tools"))
      symlinkSync(codexExecutable(), join(user.path, "tools", "codex"))
      const enable = "ai-agent-proxy enable --user --dry-run --ip 0.0.0.0 --api-key my-key"
      const dry = await type(`HTTPS_PROXY=me:proxy-password@proxy.example:3128 ${enable}`, folder())
      expect(dry.code, dry.all).toBe(0)
      expect(dry.stdout).toContain("service.env (0600)")
      expect(dry.stdout).toMatch(/bin\/ai-agent-proxy\.cjs/)
      expect(dry.stdout).toContain(`Base URL   http://127.0.0.1:7612/v1`)
      // The log-in that the configuration of codex names goes with the service, and is not shown.
      expect(dry.stdout).toContain("SCRIPTED_MODEL_KEY=")
      expect(dry.stdout).toContain("HTTPS_PROXY=")
      for (const secret of ["my-key", "scripted-key", "proxy-password"])
        expect(dry.stdout).not.toContain(secret)
      for (const file of ["service.env", "secrets", "manager"])
        expect(existsSync(join(user.path, ".ai_agent_proxy", file)), file).toBe(false)

      const doctor = await type("ai-agent-proxy doctor --turn", folder())
      expect(doctor.code, doctor.all).toBe(0)
      expect(doctor.stdout).toMatch(/^ok {4}turn/m)

      const talk = await type("echo hi | ai-agent-proxy connect manager --standalone", folder())
      expect(talk.code, talk.all).toBe(0)
      expect(talk.stdout).toContain("You said:")
      expect(talk.stdout).toContain("hi")
      rmSync(join(user.path, "tools"), { recursive: true })
      rmSync(join(user.path, ".ai_agent_proxy", "manager"), { recursive: true })
    },
    120_000,
  )
})
