import { mkdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type ModelServer, startModelServer } from "../model-server/model-server.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { type CodexHome, createCodexHome } from "../support/codex-home.ts"
import { type DaemonProcess, startDaemonProcess } from "../support/daemon-process.ts"
import { mainProgram } from "../support/main-program.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { noTerminalReason, Terminal } from "../support/terminal.ts"

const page = readFileSync(resolve(import.meta.dirname, "../../docs/cli.md"), "utf8")

/** The commands of docs/cli.md with what it says they print. */
const [before = [], talk = [], after = []] = [...page.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map(
  ([, block]) =>
    (block ?? "").split(/^\$ (?=ai-agent-proxy )/m).flatMap((part) => {
      const [command = "", ...output] = part.trimEnd().split("\n")
      return command === "" ? [] : [{ command, output: output.join("\n") }]
    }),
)

/** Numbers, times and widths differ from one machine to the next. */
function normal(text: string): string {
  return text
    .trim()
    .replaceAll(/(?:\d+ (?:d|h|min|s)\b ?)+(?=ago|\n|$)/g, "TIME ")
    .replaceAll(/\d+/g, "N")
    .replaceAll(/ {2,}/g, "  ")
    .replaceAll(/ +$/gm, "")
}

if (noTerminalReason !== null) console.warn(`docs/cli.md is not tried: ${noTerminalReason}`)

describe.skipIf(noTerminalReason !== null)("a session in a terminal", () => {
  let model: ModelServer
  let codex: CodexHome
  let user: TempDir
  let daemon: DaemonProcess
  let shell: Terminal

  beforeAll(async () => {
    model = await startModelServer()
    codex = await createCodexHome({ modelUrl: model.url })
    user = await createTempDir("session")
    mkdirSync(join(user.path, "project"))
    const env = { ...codex.env, HOME: user.path, AI_AGENT_PROXY_PASS_ENV: "SCRIPTED_MODEL_KEY" }
    daemon = await startDaemonProcess({ userHome: user.path, env, args: ["--cli", codexExecutable()] })
    shell = new Terminal("bash --norc --noprofile", { ...env, NO_COLOR: "1" }, user.path)
    // Echo is off so that only what commands print is seen; readline of `connect` does its own.
    shell.type(
      `stty cols 200 -echo; ai-agent-proxy() { ${process.execPath} ${mainProgram} "$@"; }; PS1=READY\\>; echo set"up"\n`,
    )
    await shell.see(/^setup$/m)
    await shell.see("READY>")
  })

  afterAll(async () => {
    await shell.close()
    await daemon.stop()
    await model.close()
    await codex.remove()
    await user.remove()
  })

  const mainConversation = () =>
    readFileSync(join(user.path, ".ai_agent_proxy/engineer_alice/control/main-conversation"), "utf8")

  async function expectOutput({ command, output }: { command: string; output: string }): Promise<void> {
    shell.type(`${command}\n`)
    const shown = normal((await shell.see("READY>", 60_000)).replace("READY>", ""))
    const [beginning = "", ...rest] = normal(output.replaceAll("http://127.0.0.1:7011", daemon.url)).split(
      "\n...",
    )
    if (rest.length === 0) expect(shown, command).toBe(beginning)
    else expect(shown.startsWith(beginning), `${command} printed ${shown}`).toBe(true)
  }

  it("prints what docs/cli.md says: init, hire, list, status", async () => {
    expect(before.map(({ command }) => command.split(" ")[1])).toEqual(["init", "hire", "list", "status"])
    for (const step of before) await expectOutput(step)
  })

  it("talks as docs/cli.md shows it, and says what the agent does", async () => {
    const [step] = talk
    expect(step?.output).toContain("$ pwd\n  /home/ann/project\nIt is your project.")
    shell.type(`${step?.command}\n`)
    await shell.see("Talking to engineer_alice. /help for help, Ctrl-D to leave.")
    await shell.see("engineer_alice> ")
    shell.type("Which folder is this? [[shell:pwd]][[say:It is your project.]]\r")
    await shell.see(/^\$ .*pwd.*$/m)
    await shell.see(/^It is your project\.$/m)
    expect(JSON.stringify(model.requests.at(-1)?.body)).toContain(join(user.path, "project"))
    await shell.see("engineer_alice> ")
    shell.type("/status\r")
    await shell.see(/engineer_alice: ready, codex \S+, 0 running, 0 queued/)
  })

  it("interrupts the turn by Ctrl-C, begins anew by /new, and leaves by a second Ctrl-C", async () => {
    await shell.see("engineer_alice> ")
    shell.type("[[shell:sleep 60]]\r")
    await shell.see(/^\$ .*sleep 60.*$/m)
    shell.type("\x03")
    await shell.see("Interrupted.")
    await shell.see("engineer_alice> ")
    shell.type("/nonsense\r")
    await shell.see("There is no command /nonsense. /help lists them.")
    const talked = mainConversation()
    shell.type("/new\r")
    await shell.see("A new conversation.")
    shell.type("[[say:fresh]]\r")
    await shell.see(/^fresh$/m)
    expect(mainConversation()).not.toBe(talked)
    await shell.see("engineer_alice> ")
    shell.type("\x03")
    await shell.see("Ctrl-C again leaves.")
    shell.type("\x03")
    await shell.see("READY>")
    shell.type("echo code $?\n")
    await shell.see("code 130")
    await shell.see("READY>")
  })

  it("shows colours, unless NO_COLOR is set", async () => {
    for (const style of ["\x1b[1m", "\x1b[2m"]) expect(shell.raw).not.toContain(style)
    shell.type("NO_COLOR= ai-agent-proxy connect alice\n")
    await shell.see("engineer_alice> ")
    shell.type("/exit\r")
    await shell.see("READY>")
    expect(shell.raw).toContain("\x1b[1mengineer_alice>\x1b[0m")
    expect(shell.raw).toContain("\x1b[2mTalking to engineer_alice.")
  })

  it("prints what docs/cli.md says: stop, start, remember, fire", async () => {
    expect(after.map(({ command }) => command.split(" ")[1])).toEqual(["stop", "start", "remember", "fire"])
    for (const step of after) await expectOutput(step)
  })
})
