import { chmodSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { agentPath } from "../agents/agents.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { resultOf } from "../support/command.ts"
import { spawnCommand } from "../support/daemon-process.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { startTestService, type TestService } from "../support/test-service.ts"

interface Case {
  /** Name of the agent. */
  readonly name: string
  /** Name of the program: it selects the backend. */
  readonly program: string
  /** What the program does, as a line of a shell script; null: there is no such program. */
  readonly script: string | null
  readonly reason: RegExp
  readonly next: RegExp
}

const node = `'${process.execPath}' --disable-warning=ExperimentalWarning`
const claude = `exec ${node} '${agentPath("fake-claude.ts")}' "$@"`
const acp = `exec ${node} '${agentPath("acp-agent.ts")}'`
const printed = "A new version is available: run scripted update"

const cases: readonly Case[] = [
  {
    name: "codex-gone",
    program: "codex",
    script: null,
    reason: /codex` is not on the PATH/,
    next: /npm install -g @openai\/codex/,
  },
  {
    name: "codex-out",
    program: "codex",
    script: `CODEX_HOME="$(dirname "$0")" exec '${codexExecutable()}' "$@"`,
    reason: /codex is not logged in/,
    next: /codex login/,
  },
  {
    name: "codex-old",
    program: "codex",
    script: `echo "error: unrecognized subcommand '$1'" >&2; exit 2`,
    reason: /codex does not speak .*too old.*unrecognized subcommand/,
    next: /npm install -g @openai\/codex/,
  },
  {
    name: "codex-new",
    program: "codex",
    script: `echo "${printed}"; exit 1`,
    reason: new RegExp(`codex .*${printed}`),
    next: /terminal/,
  },
  {
    name: "claude-gone",
    program: "claude",
    script: null,
    reason: /claude` is not on the PATH/,
    next: /npm install -g @anthropic-ai\/claude-code/,
  },
  {
    name: "claude-out",
    program: "claude",
    script: `CLAUDE_CONFIG_DIR=/nowhere ${claude}`,
    reason: /claude is not logged in/,
    next: /claude auth login/,
  },
  {
    name: "claude-old",
    program: "claude",
    script: `FAKE_CLAUDE_VERSION=2.0.1 ${claude}`,
    reason: /claude 2\.0\.1 is too old/,
    next: /claude update/,
  },
  {
    name: "claude-new",
    program: "claude",
    script: `echo "${printed}"; exit 1`,
    reason: new RegExp(`claude .*${printed}`),
    next: /terminal/,
  },
  {
    name: "gemini-gone",
    program: "gemini",
    script: null,
    reason: /gemini` is not on the PATH/,
    next: /npm install -g @google\/gemini-cli/,
  },
  {
    name: "gemini-out",
    program: "gemini",
    script: `FAULT=log-in ${acp}`,
    reason: /gemini is not logged in/,
    next: /log in/,
  },
  {
    name: "gemini-old",
    program: "gemini",
    script: `FAULT=old ${acp}`,
    reason: /too old.*unknown option/,
    next: /npm install -g @google\/gemini-cli/,
  },
  {
    name: "gemini-new",
    program: "gemini",
    script: `FAULT=notice-and-end ${acp}`,
    reason: new RegExp(printed),
    next: /terminal/,
  },
  {
    name: "opencode-gone",
    program: "opencode",
    script: null,
    reason: /opencode` is not on the PATH/,
    next: /npm install -g opencode-ai/,
  },
  {
    name: "opencode-out",
    program: "opencode",
    script: `FAULT=log-in ${acp}`,
    reason: /opencode is not logged in/,
    next: /opencode auth login/,
  },
  {
    name: "opencode-old",
    program: "opencode",
    script: `FAULT=old ${acp}`,
    reason: /opencode .*too old.*unknown option/,
    next: /npm install -g opencode-ai/,
  },
  {
    name: "opencode-new",
    program: "opencode",
    script: `FAULT=notice-and-end ${acp}`,
    reason: new RegExp(printed),
    next: /terminal/,
  },
  {
    name: "copilot-gone",
    program: "copilot",
    script: null,
    reason: /copilot` is not on the PATH/,
    next: /npm install -g @github\/copilot/,
  },
  {
    name: "copilot-out",
    program: "copilot",
    script: `FAULT=log-in ${acp}`,
    reason: /copilot is not logged in/,
    next: /copilot login/,
  },
  {
    name: "copilot-old",
    program: "copilot",
    script: `FAULT=old ${acp}`,
    reason: /copilot .*too old.*unknown option/,
    next: /npm install -g @github\/copilot/,
  },
  {
    name: "copilot-new",
    program: "copilot",
    script: `FAULT=notice-and-end ${acp}`,
    reason: new RegExp(printed),
    next: /terminal/,
  },
]

let folder: TempDir
let service: TestService

beforeEach(async () => {
  folder = await createTempDir("not-ready")
  service = await startTestService()
})
afterEach(async () => {
  await service.stop()
  await folder.remove()
})

/** Path of the program of a case. */
function install({ name, program, script }: Case): string {
  const file = join(folder.path, name, program)
  mkdirSync(join(folder.path, name))
  if (script === null) return file
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
  return file
}

async function outputOf(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const child = spawnCommand([...args, "--json"], { PATH: process.env.PATH ?? "", HOME: folder.path, ...env })
  return (await resultOf(child)).stdout
}

describe("a CLI that cannot work", () => {
  it("is named with the next step in the answer, in status and in doctor; the other agents go on", async () => {
    const installed = cases.map((found) => ({ ...found, cli: install(found) }))
    await Promise.all(
      installed.map(({ name, cli }) => service.roster.hire({ role: "engineer", name, settings: { cli } })),
    )
    const { client } = service
    for (const { name, reason, next } of installed) {
      const model = `engineer_${name}`
      const messages = [{ role: "user" as const, content: "hello" }]
      for (const stream of [false, true]) {
        for (const ask of [
          () => client.responses.create({ model, input: "hello", stream }),
          () => client.chat.completions.create({ model, messages, stream }),
        ]) {
          const refused = await ask().catch((error: unknown) => error)
          expect([name, refused]).toEqual([
            name,
            expect.objectContaining({ status: 400, code: "agent_not_ready" }),
          ])
          expect(String(refused)).toMatch(reason)
          expect(String(refused)).toMatch(next)
        }
      }
    }
    const status: { agents: { id: string; problem: { reason: string; next_step: string } | null }[] } =
      JSON.parse(await outputOf(["status", "--home", service.home]))
    const problems = new Map(status.agents.map(({ id, problem }) => [id, problem]))
    for (const { name, reason, next } of installed) {
      expect([name, problems.get(`engineer_${name}`)]).toEqual([
        name,
        { reason: expect.stringMatching(reason), next_step: expect.stringMatching(next) },
      ])
    }
    expect(problems.get("manager")).toBeNull()
    // What strangers are shown is in fields of its own, with none of the program's words and no place of this machine.
    for (const { name, reason } of installed) {
      const readiness = service.roster.list().find(({ id }) => id === `engineer_${name}`)?.readiness
      if (readiness?.isReady !== false) throw new Error(`${name} is ready`)
      const { reason: shown, nextStep, detail } = readiness
      expect(`${name}: ${shown} ${nextStep}`).not.toMatch(/new version|unrecognized|unknown option|\/tmp\//)
      expect(`${shown}: ${detail}`).toMatch(reason)
    }

    const report = await outputOf(["doctor"], { AI_AGENT_PROXY_HOME: service.home })
    const { checks }: { checks: { status: string; message: string; next: string | null }[] } =
      JSON.parse(report)
    for (const { name, script, reason, next } of installed) {
      const failed = checks.filter(
        ({ status, message }) => status === "failure" && message.startsWith(`engineer_${name}: `),
      )
      // That there is none at all it says in words that hold for all programs.
      const [message, step] = script === null ? [/is not on the PATH/, /install it/] : [reason, next]
      expect([name, failed]).toEqual([
        name,
        [
          expect.objectContaining({
            message: expect.stringMatching(message),
            next: expect.stringMatching(step),
          }),
        ],
      ])
    }
  }, 240_000)
})
