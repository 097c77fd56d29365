import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { makePayload, type Payload } from "../systemd/sandbox.ts"

/** `npm pack`, and a global install of the tarball by the npm of this machine. */
let payload: Payload
let user: TempDir

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
}, 120_000)
afterAll(async () => {
  await payload?.remove()
  await user?.remove()
})

function run(args: readonly string[], path: string) {
  return spawnSync(join(payload.path, "prefix", "bin", "ai-agent-proxy"), args, {
    encoding: "utf8",
    timeout: 60_000,
    env: { HOME: user.path, PATH: `${path}:/usr/bin:/bin`, AI_AGENT_PROXY_PORT: "7612" },
  })
}

const node24 = () => join(payload.path, "bin")

describe("the installed package", () => {
  it.skipIf(oldFolder === undefined)("says on an old Node how to get a Node for it alone", () => {
    const ran = run(["doctor"], oldFolder ?? "")
    expect(ran.status).toBe(78)
    expect(ran.stderr).toContain(
      `npm install --prefix ${join(user.path, ".ai_agent_proxy", "runtime")} node@24`,
    )
  })

  it("shows by enable --dry-run what it would write, secrets left out, and writes nothing", () => {
    const ran = run(["enable", "--user", "--dry-run", "--ip", "0.0.0.0", "--api-key", "my-key"], node24())
    expect(ran.status, ran.stderr).toBe(0)
    expect(ran.stdout).toContain("service.env (0600)")
    expect(ran.stdout).toMatch(/bin\/ai-agent-proxy\.cjs/)
    expect(ran.stdout).toContain(`Base URL   http://127.0.0.1:7612/v1`)
    expect(ran.stdout).not.toContain("my-key")
    expect(existsSync(join(user.path, ".ai_agent_proxy"))).toBe(false)
  })

  it("has a doctor that says what is missing on a fresh machine", () => {
    const ran = run(["doctor"], node24())
    expect(ran.status).toBe(1)
    expect(ran.stdout).toMatch(/^ok {4}node/m)
    expect(ran.stdout).toMatch(/^WARN {2}service.*\n\s+next: ai-agent-proxy enable/m)
    expect(ran.stdout).toMatch(/^FAIL {2}cli.*\n\s+next: /m)
  })
})
