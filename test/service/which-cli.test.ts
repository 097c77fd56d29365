import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { agentPath } from "../agents/agents.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { resultOf, runCommand } from "../support/command.ts"
import { type DaemonProcess, spawnCommand, startDaemonProcess } from "../support/daemon-process.ts"
import { mainProgram } from "../support/main-program.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { noTerminalReason, Terminal } from "../support/terminal.ts"
import { waitFor } from "../support/wait-for.ts"

const node = `'${process.execPath}' --disable-warning=ExperimentalWarning`
const gemini = `exec ${node} '${agentPath("acp-agent.ts")}'`

let user: TempDir
let daemon: DaemonProcess | null = null
let terminal: Terminal | null = null

beforeEach(async () => {
  user = await createTempDir("which-cli")
  mkdirSync(join(user.path, "bin"))
})
afterEach(async () => {
  await daemon?.stop()
  await terminal?.close()
  daemon = null
  terminal = null
  await user.remove()
})

const env = () => ({ HOME: user.path, PATH: `${user.path}/bin:/usr/bin:/bin`, NO_COLOR: "1" })

function install(name: string, script: string): void {
  const file = join(user.path, "bin", name)
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
}

async function start(...args: readonly string[]): Promise<DaemonProcess> {
  daemon = await startDaemonProcess({ userHome: user.path, env: env(), args })
  return daemon
}

/** Kind of the CLI that answers as the manager, once it is known. */
async function managersCli({ url }: DaemonProcess): Promise<unknown> {
  return waitFor(
    async () => {
      const answer = await fetch(`${url}/v1/models/manager`)
      const model = (await answer.json()) as { owned_by: string; capabilities: object | null }
      return model.capabilities === null ? null : model.owned_by
    },
    { what: "the manager to be ready", timeoutMs: 30_000 },
  )
}

async function answerTo(
  daemon: DaemonProcess,
  text: string,
): Promise<{ content: string; reasoning: string }> {
  const answer = await fetch(`${daemon.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "manager", messages: [{ role: "user", content: text }] }),
  })
  const { choices } = (await answer.json()) as {
    choices: { message: { content: string; reasoning_content?: string } }[]
  }
  const { content = "", reasoning_content: reasoning = "" } = choices[0]?.message ?? {}
  return { content, reasoning }
}

describe("the manager's CLI", () => {
  it("is the first on the PATH that is ready where none was named, and the log says why others were not taken", async () => {
    install("codex", `CODEX_HOME='${user.path}' exec '${codexExecutable()}' "$@"`)
    install("gemini", gemini)
    const daemon = await start()
    expect(await managersCli(daemon)).toBe("gemini")
    expect(daemon.output()).toMatch(/codex is there and not ready: .*not logged in.*codex login/)
    expect(daemon.output()).toContain("gemini is used")
  })

  it("is the one behind || where the first is not there", async () => {
    install("gemini", gemini)
    expect(await managersCli(await start("--cli", "nosuch || gemini"))).toBe("gemini")
  })

  it("is the built-in demo by its name, which thinks, runs and edits", async () => {
    const daemon = await start("--cli", "demo")
    expect(await managersCli(daemon)).toBe("demo")
    const { content, reasoning } = await answerTo(daemon, "run pwd")
    expect(content).toBe(`\`pwd\` printed:\n${user.path}/.ai_agent_proxy/manager`)
    expect(reasoning).toContain("They want me to run pwd.")
    await answerTo(daemon, "edit: one line")
    expect(existsSync(join(user.path, ".ai_agent_proxy/manager/demo.txt"))).toBe(true)
    const looked = await answerTo(daemon, "What is in your working directory?")
    expect(looked.content).toContain("In my working directory there is nothing.")
  })

  it("takes what stands behind a program whose arguments are the user's", async () => {
    install("gemini", `echo "$*" >'${user.path}/arguments'; ${gemini}`)
    const daemon = await start("--cli", "nosuch || gemini --sandbox")
    expect(await managersCli(daemon)).toBe("gemini")
    expect((await runCommand(["status"], { env: env() })).stdout).toContain("gemini")
    expect(readFileSync(join(user.path, "arguments"), "utf8")).toMatch(/^--acp --sandbox$/m)
  })

  it("keeps `codex resume --last || codex`, as people write it", async () => {
    await start("--cli", "codex resume --last || codex")
    expect((await runCommand(["status"], { env: env() })).stdout).toContain("`codex` is not on the PATH")
  })

  it.each([
    ["codex --profile work", "'--profile' is not passed on", "codex"],
    ["claude --verbose", "'--verbose' is not passed on", "claude"],
    ["demo --fast", "'--fast' is not passed on", "demo"],
  ])("of an earlier release starts, with a warning of what is dropped: %s", async (cli, says, kind) => {
    const daemon = await start("--cli", cli)
    const model = (await (await fetch(`${daemon.url}/v1/models/manager`)).json()) as { owned_by: string }
    expect(model.owned_by).toBe(kind)
    const lines = daemon
      .output()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
    expect(lines.filter(({ msg }) => msg.includes("is not passed on"))).toEqual([
      // The number of a warning.
      expect.objectContaining({ level: 40, agent: "manager", msg: expect.stringContaining(says) }),
    ])
  })

  it.each([
    ["claude || codex --model gpt-5.5", "'--model' is not passed on"],
    ["claude --verbose", "'--verbose' is not passed on"],
    ["demo --fast", "'--fast' is not passed on"],
  ])("is not enabled with what it would drop: %s", async (cli, says) => {
    const { code, stderr } = await runCommand(["enable", "--dry-run", "--cli", cli], { env: env() })
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(says) })
  })

  it("is refused where only a shell could run it", async () => {
    const child = spawnCommand(["daemon", "--port", "0", "--cli", "codex && claude"], env())
    const { code, stderr } = await resultOf(child)
    expect({ code, stderr }).toEqual({ code: 78, stderr: expect.stringContaining("it has a &") })
  })
})

describe.skipIf(noTerminalReason !== null)("the terminal of a service whose manager cannot answer", () => {
  it("says NOT READY, why and what to do, what is there in its place, and that it has become ready", async () => {
    install("gemini", gemini)
    const command = `'${process.execPath}' '${mainProgram}' daemon --port 0 --cli claude`
    terminal = new Terminal(command, env(), user.path)
    await terminal.see("NOT READY     `claude` is not on the PATH of this service")
    await terminal.see(/Next {10}Install it with `npm install -g @anthropic-ai\/claude-code`/)
    await terminal.see("Found here    gemini: take one with --cli gemini")
    await terminal.see("Base URL")
    expect(terminal.text).not.toContain("curl")
    const fake = `FAKE_CLAUDE_LOGGED_IN=1 CLAUDE_CONFIG_DIR='${user.path}' exec ${node} '${agentPath("fake-claude.ts")}' "$@"`
    writeFileSync(join(user.path, ".credentials.json"), "{}")
    install("claude", fake)
    await terminal.see("manager is ready")
    expect(terminal.text.match(/manager is NOT READY/g)).toHaveLength(1)
  }, 60_000)
})

describe("the log", () => {
  it("has one line a turn, with agent and tokens, and none for whoever only looks", async () => {
    const daemon = await start("--cli", "demo")
    await managersCli(daemon)
    for (const path of ["/health", "/ready", "/v1/models", "/"]) await fetch(`${daemon.url}${path}`)
    await answerTo(daemon, "say hello")
    await daemon.stop()
    const lines = daemon
      .output()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
    expect(lines.filter(({ msg }) => msg === "request")).toEqual([])
    const turns = lines.filter(({ msg }) => msg === "turn")
    expect(turns).toEqual([
      expect.objectContaining({ agent: "manager", status: "completed", inputTokens: 3, outputTokens: 2 }),
    ])
  })

  it("says of a refused request what was wrong, and where an error is of the catalogue, not where in the program", async () => {
    const daemon = await start("--cli", "nosuch")
    const post = (body: object) =>
      fetch(`${daemon.url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      })
    const messages = [{ role: "user", content: "hi" }]
    await (await post({ messages, temperature: 9 })).text()
    await (await post({ messages })).text()
    await daemon.stop()
    const lines = daemon
      .output()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: "request refused", code: "invalid_request", param: "temperature" }),
    )
    const failure = lines.find(({ msg }) => msg === "request failed")
    expect(failure.err).toMatchObject({ code: "agent_not_ready", message: expect.stringContaining("nosuch") })
    expect(failure.err).not.toHaveProperty("stack")
  })
})
