import { mkdir, rm, symlink } from "node:fs/promises"
import { dirname, join } from "node:path"
import { describe, expect, it } from "vitest"
import { createTempDir } from "../../../test/support/temp-dir.ts"
import { version } from "../../config/config.ts"
import type { RunCommand } from "../machine/run-command.ts"
import type { ServiceSpec } from "../machine/service-spec.ts"
import { currentUser } from "../machine/service-user.ts"
import { SystemdManager } from "../systemd/systemd-manager.ts"
import { checkService } from "./check-service.ts"

const user = currentUser({})
const thisSpec: ServiceSpec = {
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
async function checksWhere(
  shown: { readonly exitCode: number | null; readonly stderr: string },
  spec: ServiceSpec = thisSpec,
) {
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

  it("have nothing against a version manager's Node that is there, and name one that is gone", async () => {
    const folder = await createTempDir("nvm")
    const node = join(folder.path, ".nvm", "versions", "node", "v24.1.0", "bin", "node")
    await mkdir(dirname(node), { recursive: true })
    await symlink(process.execPath, node)
    const spec = { ...thisSpec, node }
    expect((await checksWhere({ exitCode: 0, stderr: "" }, spec)).get("program")).toMatchObject({
      status: "ok",
      message: expect.stringContaining("when that path is gone, run: ai-agent-proxy restart"),
      next: null,
    })
    await rm(node)
    expect((await checksWhere({ exitCode: 0, stderr: "" }, spec)).get("program")).toMatchObject({
      status: "failure",
      next: "ai-agent-proxy restart",
    })
    const launcher = join(folder.path, "_npx", "1", "ai-agent-proxy.cjs")
    await mkdir(dirname(launcher), { recursive: true })
    await symlink(import.meta.filename, launcher)
    expect(
      (await checksWhere({ exitCode: 0, stderr: "" }, { ...thisSpec, launcher })).get("program"),
    ).toMatchObject({ status: "warning", next: expect.stringContaining("make install") })
    await folder.remove()
  })

  it("tell that its manager was too slow", async () => {
    const checks = await checksWhere({ exitCode: null, stderr: "" })
    expect(checks.get("service")?.message).toMatch(/failed: it did not answer in time$/)
  })
})
