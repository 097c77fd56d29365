import { describe, expect, it } from "vitest"
import { version } from "../config/version.ts"
import { checkService } from "./check-service.ts"
import type { RunCommand } from "./run-command.ts"
import { currentUser } from "./service-user.ts"
import { SystemdManager } from "./systemd-manager.ts"

const user = currentUser({})
const spec = {
  version,
  user: user.name,
  node: process.execPath,
  launcher: import.meta.filename,
  flags: [],
  homeDir: user.homeDir,
  home: `${user.homeDir}/.ai_agent_proxy`,
  stopSeconds: 20,
}

/** Checks of a service on a machine whose `systemctl show` ends so. */
async function checksWhere(shown: { readonly exitCode: number | null; readonly stderr: string }) {
  const run: RunCommand = async (_program, args) =>
    args.includes("show")
      ? { ...shown, stdout: "", isMissing: false }
      : { exitCode: 0, stdout: version, stderr: "", isMissing: false }
  const manager = new SystemdManager({ scope: "user", homeDir: user.homeDir, run, env: {} })
  const checks = await checkService({ manager, spec, text: await manager.define(spec) }, user, {}, run)
  return new Map(checks.map((check) => [check.name, check]))
}

describe("the checks of an installed service", () => {
  it("go on in one line where its manager cannot be asked", async () => {
    const checks = await checksWhere({ exitCode: 1, stderr: "Failed to connect to bus: No medium found" })
    expect(checks.get("definition")).toMatchObject({ status: "ok" })
    expect(checks.get("service")).toMatchObject({
      status: "failure",
      message: expect.stringMatching(/^There is no systemd user manager for this log-in.*$/),
      next: expect.stringContaining("ai-agent-proxy daemon"),
    })
  })

  it("tell that its manager was too slow", async () => {
    const checks = await checksWhere({ exitCode: null, stderr: "" })
    expect(checks.get("service")?.message).toMatch(/failed: it did not answer in time$/)
  })
})
