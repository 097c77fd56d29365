import { spawnSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { ensureAgentWorkspace } from "../../src/workspace/agent/agent-workspace.ts"
import { mainProgram } from "../support/main-program.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { noTerminalReason, Terminal } from "../support/terminal.ts"

/** What is typed before the Tab key, and the arguments that stand there after it. */
const completed = [
  ["ai-agent-proxy hir", "hire"],
  ["ai-agent-proxy connect engineer_al", "connect engineer_alice"],
  ["ai-agent-proxy stop alic", "stop alice"],
  ["ai-agent-proxy connect --stand", "connect --standalone"],
  ["ai-agent-proxy connect alice proj", "connect alice project"],
  ["ai-agent-proxy completion fis", "completion fish"],
] as const

function reasonWithout(shell: string): string | null {
  const { error } = spawnSync(shell, ["--version"])
  return error === undefined ? null : `skipped: there is no ${shell} here`
}

describe("the completion of the command line", () => {
  let user: TempDir
  let env: Record<string, string>

  beforeAll(async () => {
    user = await createTempDir("completion")
    const home = join(user.path, "home")
    await ensureAgentWorkspace(home, { role: "manager", name: null })
    await ensureAgentWorkspace(home, { role: "engineer", name: "alice" })
    const bin = join(user.path, "bin")
    mkdirSync(bin)
    mkdirSync(join(user.path, "project"))
    // With SAY it says what it would have been run with, so that a completed line can be entered and seen.
    const script = `#!/bin/sh
if [ "$1" = completion ] && { [ -z "$SAY" ] || [ "$2" = agents ]; }; then exec ${process.execPath} ${mainProgram} "$@"; fi
echo "ran: $*"
`
    writeFileSync(join(bin, "ai-agent-proxy"), script, { mode: 0o755 })
    env = { HOME: user.path, PATH: `${bin}:/usr/bin:/bin`, AI_AGENT_PROXY_HOME: home, LANG: "C.UTF-8" }
  })
  afterAll(() => user.remove())

  describe.each([
    { shell: "bash", command: "bash --norc --noprofile", setUp: "source <(ai-agent-proxy completion bash)" },
    {
      shell: "zsh",
      command: "zsh -f",
      setUp: "autoload -Uz compinit; compinit -u -D; source <(ai-agent-proxy completion zsh)",
    },
  ])("in $shell", ({ shell, command, setUp }) => {
    const reason = noTerminalReason ?? reasonWithout(shell)

    it.skipIf(reason !== null)(`completes what is typed before the Tab key ${reason ?? ""}`, async () => {
      const terminal = new Terminal(command, env, user.path)
      try {
        terminal.type(`PS1='READY>'; stty cols 200; ${setUp}; export SAY=1; echo set"up"\n`)
        await terminal.see(/^setup$/m)
        await terminal.see("READY>")
        for (const [typed, shown] of completed) {
          terminal.type(`${typed}\t\n`)
          // bash adds the slash of a folder.
          await terminal.see(new RegExp(`^ran: ${shown}/?$`, "m"))
          await terminal.see("READY>")
        }
      } finally {
        await terminal.close()
      }
    })
  })

  const noFish = reasonWithout("fish")

  it.skipIf(noFish !== null)(`is known to fish ${noFish ?? ""}`, () => {
    const lines = completed.map(([typed]) => `complete -C '${typed}'; echo ==`)
    const script = `ai-agent-proxy completion fish | source\n${lines.join("\n")}`
    const { stdout, stderr } = spawnSync("fish", ["--no-config", "-c", script], {
      env,
      cwd: user.path,
      encoding: "utf8",
    })
    expect(stderr).toBe("")
    const found = stdout
      .split(/^==\n/m)
      .map((part) => part.split("\n").map((line) => line.split("\t")[0]?.replace(/\/$/, "")))
    for (const [index, [typed, shown]] of completed.entries())
      expect([typed, found[index]]).toEqual([typed, expect.arrayContaining([shown.split(" ").at(-1)])])
  })
})
