import { spawn } from "node:child_process"
import { readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { resultOf, runCommand } from "../support/command.ts"
import { type DaemonProcess, startDaemonProcess } from "../support/daemon-process.ts"
import { mainProgram } from "../support/main-program.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { noTerminalReason, Terminal } from "../support/terminal.ts"

const ctrlC = "\x03"
const up = "\x1b[A"

let user: TempDir
let daemon: DaemonProcess
let env: Record<string, string>

beforeAll(async () => {
  user = await createTempDir("talk")
  env = { HOME: user.path, PATH: "/usr/bin:/bin" }
  daemon = await startDaemonProcess({ userHome: user.path, env, args: ["--cli", "demo"] })
  await runCommand(["hire", "engineer", "lost", "--cli", "no-such-cli"], { env })
}, 120_000)
afterAll(async () => {
  await daemon.stop()
  await user.remove()
})

describe.skipIf(noTerminalReason !== null)("a talk at a terminal", () => {
  let terminal: Terminal

  beforeEach(async () => {
    writeFileSync(join(user.path, "editor"), '#!/bin/sh\nprintf "say from\\nthe editor\\n" >"$1"\n', {
      mode: 0o755,
    })
    await talk("manager")
  })
  afterEach(() => terminal.close())

  async function talk(agent: string): Promise<void> {
    const command = `exec '${process.execPath}' --disable-warning=ExperimentalWarning '${mainProgram}' connect ${agent}`
    terminal = new Terminal(command, { ...env, EDITOR: `'${user.path}/editor' ` }, user.path)
    await terminal.see("Ctrl-D to leave.")
    await terminal.see("> ")
  }

  it.each([
    ["pasted lines, of a terminal that marks them", "\x1b[200~say one\ntwo\n\x1b[201~\r"],
    ["lines that come in one piece", "say one\rtwo\r"],
    ["lines with Alt-Enter between them", "say one\x1b\rtwo\r"],
  ])("takes for one message: %s", async (_, keys) => {
    terminal.type(keys)
    await terminal.see("say one⏎two")
    await terminal.see(/^one$/m)
    await terminal.see(/^two$/m)
    await terminal.see("manager> ")
    expect(terminal.text).not.toContain("demo agent")
  })

  it("sends what was written in an editor", async () => {
    terminal.type("/edit\r")
    await terminal.see("say from\nthe editor\n")
    await terminal.see(/^from$/m)
    await terminal.see(/^the editor$/m)
    await terminal.see("manager> ")
    terminal.type("say again\r")
    await terminal.see(/^again$/m)
  })

  it("says that the agent works, and keeps what is typed meanwhile for the next prompt", async () => {
    terminal.type("count to 100\r")
    await terminal.see("1 2 3")
    terminal.type("say later\r")
    expect(await terminal.see("manager> ")).toMatch(/^[ \d]+ 98 99 100\n/)
    await terminal.see("say later")
    await terminal.see(/^later$/m)
    expect(terminal.raw).toContain("manager works, 0 s (Ctrl-C interrupts)")
    expect(terminal.raw).toContain("\r\x1b[2K")
  })

  it("shows Markdown, and the beginning of outputs and edits", async () => {
    terminal.type("say **bold** and `code`\r")
    await terminal.see("bold and code\n")
    expect(terminal.raw).toContain("\x1b[1mbold\x1b[22m and \x1b[36mcode\x1b[39m")
    await terminal.see("> ")
    terminal.type("run ls -A /\r")
    await terminal.see("$ ls -A /\n")
    await terminal.see(/… \d+ more lines/)
    await terminal.see("> ")
    terminal.type("edit: a new line\r")
    await terminal.see(/(?:added|edited) .*demo\.txt/)
    await terminal.see(/^ {2}\+a new line$/m)
  })

  it("tells a failure once, in words", async () => {
    await terminal.close()
    await talk("lost")
    terminal.type("hello\r")
    await terminal.see("not ready: `no-such-cli` is not on the PATH")
    await terminal.see("> ")
    expect(terminal.text.match(/no-such-cli/g)).toHaveLength(1)
  })

  it("takes back what is typed by Ctrl-C, interrupts a turn, and leaves at the empty prompt the second time", async () => {
    terminal.type("not to be sent")
    await terminal.see("not to be sent")
    terminal.type(`${ctrlC}count to 900\r`)
    await terminal.see("1 2 3")
    terminal.type(ctrlC)
    await terminal.see("Interrupted.")
    await terminal.see("> ")
    terminal.type("say still here\r")
    await terminal.see(/^still here$/m)
    await terminal.see("> ")
    terminal.type(ctrlC)
    await terminal.see("Ctrl-C again leaves.")
    terminal.type(ctrlC)
    expect(await terminal.exit()).toBe(130)
  })

  it("knows what was typed in an earlier talk, which nobody else can read, and leaves by exit", async () => {
    terminal.type("say remembered\r")
    await terminal.see(/^remembered$/m)
    await terminal.see("> ")
    terminal.type("exit\r")
    expect(await terminal.exit()).toBe(0)
    const file = join(user.path, ".ai_agent_proxy/connect-history")
    expect(readFileSync(file, "utf8")).toMatch(/^say remembered\n/)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    await talk("manager")
    terminal.type(up)
    await terminal.see("say remembered")
    terminal.type("\r")
    await terminal.see(/^remembered$/m)
  })
})

describe("one question", () => {
  const ask = (args: readonly string[], stdin = "") => runCommand(["ask", ...args], { env, stdin })

  it("is answered on stdout", async () => {
    expect(await ask(["manager", "say", "hello"])).toEqual({ code: 0, stdout: "hello\n", stderr: "" })
  })

  it("has stdin as its context, or is stdin", async () => {
    const { stdout } = await ask(["manager", "say this:"], "a diff\n")
    expect(stdout).toBe("this:\n\n<stdin>\na diff\n</stdin>\n")
    expect((await ask(["manager"], "say piped\n")).stdout).toBe("piped\n")
  })

  it("does not wait for a pipe that nobody writes to, and says so", async () => {
    const child = spawn(process.execPath, [mainProgram, "ask", "manager", "say hello"], {
      env,
      stdio: "pipe",
    })
    expect(await resultOf(child)).toEqual({
      code: 0,
      stdout: "hello\n",
      stderr: expect.stringMatching(/^Nothing came on stdin for 3 s.*`-`/),
    })
  })

  it("has a dash for all of stdin, however late it comes", async () => {
    expect((await ask(["manager", "say this:", "-"], "a diff\n")).stdout).toBe(
      "this:\n\n<stdin>\na diff\n</stdin>\n",
    )
    expect((await ask(["manager", "-"], "say piped\n")).stdout).toBe("piped\n")
  })

  it("begins a conversation of its own each time", async () => {
    await ask(["manager", "say one"])
    expect((await ask(["manager", "list what I said"])).stdout).toBe("1. list what I said\n")
  })

  it("is answered as JSON, with what failed", async () => {
    const whole = JSON.parse((await ask(["manager", "--json", "say hello"])).stdout)
    expect(whole).toMatchObject({ model: "manager", status: "completed", text: "hello", error: null })
    const failed = await ask(["lost", "--json", "say hello"])
    expect(failed.code).toBe(1)
    expect(JSON.parse(failed.stdout)).toMatchObject({ error: { code: "agent_not_ready" } })
  })

  it("says what the agent does on stderr", async () => {
    const { stdout, stderr } = await ask(["manager", "run pwd"])
    expect(stdout).toContain("`pwd` printed:")
    expect(stderr).toBe("$ pwd\n")
  })
})
