import { spawn } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { resultOf, runCommand } from "../support/command.ts"
import { type DaemonProcess, spawnCommand, startDaemonProcess } from "../support/daemon-process.ts"
import { mainProgram } from "../support/main-program.ts"
import { makeOldAgent, makeOldHome } from "../support/old-home.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { noTerminalReason, Terminal } from "../support/terminal.ts"

/** Command lines of release 0.2.0, as scripts and units have them (docs/from-0.2.0.md). */

let folder: TempDir
let home: string
let env: Record<string, string>
let daemon: DaemonProcess | null = null

beforeEach(async () => {
  folder = await createTempDir("old-flags")
  home = join(folder.path, ".ai_agent_proxy")
  env = { PATH: "/usr/bin:/bin", HOME: folder.path, AI_AGENT_PROXY_CLI: "demo" }
})
afterEach(async () => {
  await daemon?.stop("SIGKILL")
  daemon = null
  await folder.remove()
})

/** An executable that knows codex's `exec`, and no more. */
const plainCli = resolve(import.meta.dirname, "../agents/plain-agent.sh")

const run = (...args: string[]) => resultOf(spawnCommand(args, env))

describe("daemon of release 0.2.0", () => {
  it("is started with its flags: address, port and folder are as given, and each is told", async () => {
    const other = join(folder.path, "elsewhere")
    daemon = await startDaemonProcess({
      userHome: folder.path,
      env,
      args: ["--api-host", "localhost", "--api-port", "0", "--base-dir", other, "--interval", "2"],
    })
    expect(daemon.url).toMatch(/^http:\/\/(127\.0\.0\.1|localhost|\[::1\]):\d+$/)
    expect(existsSync(join(other, "manager/AGENTS.md"))).toBe(true)
    expect(existsSync(home)).toBe(false)
    for (const line of [
      "--api-host is called --ip now.",
      "--api-port is called --port now.",
      "--base-dir is called --home now.",
      "--interval is not needed",
    ])
      expect(daemon.output()).toContain(line)
  }, 60_000)

  it("does one pass with --once, and ends with 1 where the manager is not ready", async () => {
    const once = await run("daemon", "--once", "--port", "0")
    expect(once).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("The manager is ready. Ending (--once)."),
    })
    expect(existsSync(join(home, "manager/AGENTS.md"))).toBe(true)
    const bad = await run("daemon", "--once", "--port", "0", "--cli", "no-such-cli")
    expect(bad).toMatchObject({ code: 1, stderr: expect.stringContaining("The manager is not ready: ") })
  }, 60_000)

  it("takes no two values for one setting", async () => {
    const both = await run("daemon", "--api-port", "7000", "--port", "7001", "--once")
    expect(both).toMatchObject({ code: 2, stdout: "" })
    expect(both.stderr).toContain("--api-port and --port are one setting with two values. Give --port alone.")
  })
})

describe("what release 0.2.0 had and this program has not", () => {
  it.each([[["serve", "--upstream", "http://127.0.0.1:8000"]], [["serve"]]])(
    "refuses %j and says what to use",
    async (args) => {
      const refused = await run(...args)
      expect(refused).toMatchObject({ code: 2, stdout: "" })
      expect(refused.stderr).toMatch(
        /reverse proxy of release 0\.2\.0, is gone.*docs\/reverse-proxies\.md.*ai-agent-proxy daemon/,
      )
    },
  )

  it("refuses its second name, and says the first", async () => {
    const root = resolve(import.meta.dirname, "../..")
    const { bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
    const refused = await resultOf(spawn(process.execPath, [join(root, bin.ai_agent_proxy), "list"]))
    expect(refused).toEqual({
      code: 2,
      stdout: "",
      stderr: "ai_agent_proxy: the program has one name now. Use: ai-agent-proxy list\n",
    })
  })

  it("keeps the old flags out of the help", async () => {
    for (const command of ["daemon", "enable", "restart", "connect"]) {
      const { stdout } = await run(command, "--help")
      expect(stdout).not.toMatch(
        /--(?:api-host|api-port|base-dir|interval|once|systemd-dir|skip-start|no-sudo)/,
      )
    }
    expect((await run("--help")).stdout).not.toMatch(/^ {2}serve /m)
  })

  it.each(["enable", "restart", "disable", "uninstall", "logs", "doctor"])(
    "%s --help shows how to name one of several services",
    async (command) => {
      expect((await run(command, "--help")).stdout).toContain("--service-name <name>")
    },
  )
})

describe("enable of release 0.2.0", () => {
  const unit = (name: string) => readFileSync(join(folder.path, "units", name), "utf8")
  const enable = (...args: string[]) =>
    run("enable", "--systemd-dir", join(folder.path, "units"), "--skip-start", "--no-sudo", ...args)

  it("writes everything into another folder of units, and starts nothing", async () => {
    const written = await enable("--port", "7055")
    expect(written).toMatchObject({ code: 0 })
    expect(unit("ai-agent-proxy.service")).toMatch(/^ExecStart=.*"daemon"/m)
    expect(readFileSync(join(home, "service.env"), "utf8")).toContain('AI_AGENT_PROXY_PORT="7055"')
    expect(existsSync(join(home, "manager/AGENTS.md"))).toBe(true)
    expect(written.stderr).toContain("--no-sudo is not needed")
    expect(written.stderr).toMatch(/is written, .* and not started/)
    expect(written.stderr).toContain("systemctl ")
    const json = await enable("--json")
    expect(JSON.parse(json.stdout)).toMatchObject({
      service: "written",
      definition: join(folder.path, "units/ai-agent-proxy.service"),
    })
  }, 60_000)

  it("gives the unit another name, and goes on with the one that there is", async () => {
    await enable("--service-name", "agents-of-ann")
    expect(unit("agents-of-ann.service")).toContain("[X-Ai-Agent-Proxy]")
    await enable("--port", "7066")
    expect(existsSync(join(folder.path, "units/ai-agent-proxy.service"))).toBe(false)
    const wrong = await enable("--service-name", "../../x")
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining("cannot be the name of a unit") })
  }, 60_000)

  it("goes on with a unit of that release under another name, address, port, key and CLI", async () => {
    mkdirSync(join(folder.path, "units"))
    const old = `[Unit]
Description=AI Agent Proxy daemon
[Service]
Type=simple
Environment=HOME=${folder.path}
Environment=AI_AGENT_PROXY_API_KEY=key-of-the-clients
Environment=AI_AGENT_PROXY_CLI=codex
ExecStart=/venv/bin/python3 -m ai_agent_proxy.cli daemon --api-host 127.0.0.2 --api-port 7055
[Install]
WantedBy=multi-user.target
`
    writeFileSync(join(folder.path, "units/my-proxy.service"), old)
    const { AI_AGENT_PROXY_CLI: _, ...plain } = env
    env = plain
    const written = await enable()
    expect(written.stderr).toContain("address 127.0.0.2, port 7055, CLI codex, its key")
    expect(unit("my-proxy.service")).toContain("[X-Ai-Agent-Proxy]")
    expect(unit("my-proxy.service.from-0.2.0")).toBe(old)
    expect(readFileSync(join(home, "secrets"), "utf8")).toContain("key-of-the-clients")
    expect(existsSync(join(folder.path, "units/ai-agent-proxy.service"))).toBe(false)
  }, 60_000)

  it("goes on with what that release was given since, where somebody has gone back to it, and keeps both units", async () => {
    const { AI_AGENT_PROXY_CLI: _, ...plain } = env
    env = plain
    const path = join(folder.path, "units/ai-agent-proxy.service")
    mkdirSync(join(folder.path, "units"))
    const old = (port: number, key: string) =>
      `[Service]\nEnvironment=HOME=${folder.path}\nEnvironment=AI_AGENT_PROXY_API_KEY=${key}\nExecStart=/v/python3 -m ai_agent_proxy.cli daemon --api-port ${port}\n`
    writeFileSync(path, old(7055, "first-key"))
    expect(await enable()).toMatchObject({ code: 0 })
    // The way back, and its own `enable` with other values.
    writeFileSync(path, old(8000, "second-key"))
    const written = await enable()
    expect(written.stderr).toContain("port 8000, its key")
    expect(written.stderr).toContain(`kept beside    ${path}.from-0.2.0.2\n`)
    expect(readFileSync(join(home, "secrets"), "utf8")).toContain("second-key")
    expect(readFileSync(join(home, "service.env"), "utf8")).toContain('AI_AGENT_PROXY_PORT="8000"')
    expect(unit("ai-agent-proxy.service.from-0.2.0")).toBe(old(7055, "first-key"))
    expect(unit("ai-agent-proxy.service.from-0.2.0.2")).toBe(old(8000, "second-key"))
  }, 60_000)

  it("makes no second service of one home under another name", async () => {
    expect(await enable()).toMatchObject({ code: 0 })
    for (const dryRun of [[], ["--dry-run"]]) {
      const second = await enable("--service-name", "two", ...dryRun)
      expect(second).toMatchObject({ code: 1 })
      expect(second.stderr).toContain(
        `${folder.path}/units/ai-agent-proxy.service is a service of this home (${home}) already`,
      )
      expect(second.stderr).toContain("ai-agent-proxy enable --service-name ai-agent-proxy.service")
    }
    expect(existsSync(join(folder.path, "units/two.service"))).toBe(false)
    const other = await enable("--service-name", "two", "--home", join(folder.path, "other"))
    expect(other).toMatchObject({ code: 0 })
    const moved = await enable("--service-name", "two", "--home", home)
    expect(moved).toMatchObject({ code: 1, stderr: expect.stringContaining("is a service of this home") })
    writeFileSync(
      join(folder.path, "units/ai-agent-proxy.service"),
      `[Service]\nEnvironment=HOME=${folder.path}\nExecStart=/v/python3 -m ai_agent_proxy.cli daemon\n`,
    )
    const third = await enable("--service-name", "three")
    expect(third).toMatchObject({ code: 1, stderr: expect.stringContaining("already, of release 0.2.0. ") })
  }, 60_000)
})

describe("commands about agents, as scripts of release 0.2.0 have them", () => {
  it("list prints one id a line where no terminal reads it, and with --quiet", async () => {
    await run("init")
    await run("hire", "engineer", "alice")
    const ids = "manager\nengineer_alice\n"
    expect((await run("list")).stdout).toBe(ids)
    expect((await run("list", "--quiet")).stdout).toBe(ids)
    expect((await run("list", "-q")).stdout).toBe(ids)
  }, 60_000)

  it.skipIf(noTerminalReason !== null)(
    "list prints a table in a terminal, and ids there with --quiet",
    async () => {
      await run("init")
      const shown = async (args: string): Promise<string> => {
        const terminal = new Terminal(
          `${process.execPath} ${mainProgram} list ${args} 2>/dev/null; echo d''one`,
          env,
          folder.path,
        )
        const text = await terminal.see("done")
        await terminal.close()
        return text
      }
      expect(await shown("")).toMatch(/^AGENT +STATE +CLI +PID +WORKSPACE\nmanager +down/m)
      expect(await shown("--quiet")).toMatch(/^manager\ndone/)
    },
    60_000,
  )

  it("hire tells id and pid with --json, and the pid is the last word without", async () => {
    daemon = await startDaemonProcess({
      userHome: folder.path,
      env: { ...env, AI_AGENT_PROXY_CLI: plainCli },
    })
    const hired = JSON.parse((await run("hire", "engineer", "alice", "--json")).stdout)
    expect(hired).toMatchObject({ id: "engineer_alice", is_new: true })
    expect(hired).toHaveProperty("pid")
    env = { ...env, AI_AGENT_PROXY_CLI: "claude" }
    const bob = await run("hire", "engineer", "bob")
    expect(bob.stderr).toMatch(
      /AI_AGENT_PROXY_CLI is the service's.*engineer_bob runs on .*plain-agent\.sh.*--cli/,
    )
    const again = (await run("hire", "engineer", "alice")).stdout
    expect(again.trim().split(/\s+/).at(-1)).toBe(String(hired.pid ?? "-"))
  }, 60_000)

  it("stop of an agent of that release is kept for the start, and list shows all of them before", async () => {
    await makeOldHome(home)
    await makeOldAgent(home, "manager", { autostart: true, cli: "demo" })
    await makeOldAgent(home, "engineer_alice", { autostart: true, cli: "demo" })
    await makeOldAgent(home, "reviewer_bob", { autostart: true, cli: "demo" }, [{ action: "stop" }])
    expect((await run("list")).stdout.trim().split("\n").toSorted()).toEqual([
      "engineer_alice",
      "manager",
      "reviewer_bob",
    ])
    const states = async () => {
      const { agents } = JSON.parse((await run("list", "--json")).stdout)
      return Object.fromEntries(agents.map(({ id, state }: { id: string; state: string }) => [id, state]))
    }
    expect(await states()).toEqual({ manager: "down", engineer_alice: "down", reviewer_bob: "stopped" })
    expect(existsSync(join(home, "manager/control/agent.json"))).toBe(false)
    expect(await run("stop", "engineer_alice")).toMatchObject({
      code: 0,
      stdout: "engineer_alice is stopped\n",
    })
    daemon = await startDaemonProcess({ userHome: folder.path, env })
    expect(await states()).toEqual({ manager: "ready", engineer_alice: "stopped", reviewer_bob: "stopped" })
  }, 60_000)

  it("connect --cli has the agent run on that CLI from now on, also one that was stopped", async () => {
    daemon = await startDaemonProcess({ userHome: folder.path, env })
    await run("hire", "engineer", "alice")
    await run("stop", "alice")
    const talk = await runCommand(["connect", "alice", "--cli", plainCli], { env, stdin: "say hello" })
    expect(talk).toMatchObject({ code: 0, stderr: expect.stringContaining("engineer_alice runs on ") })
    expect(talk.stdout).toBe("hello\n")
    const control = JSON.parse(readFileSync(join(home, "engineer_alice/control/agent.json"), "utf8"))
    expect(control).toMatchObject({ cli: plainCli, desired_state: "running" })
    const wrong = await runCommand(["connect", "alice", "--cli", "a && b"], { env, stdin: "x" })
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("--cli cannot be used") })
  }, 60_000)
})
