import { join } from "node:path"
import { afterEach, describe, expect, it } from "vitest"
import { CommandBackend } from "../../src/backends/command/backend.ts"
import type { Backend } from "../../src/domain/backend.ts"
import { agentEnvironment, agentPath } from "../agents/agents.ts"
import { descendantsOf, isRunning, pidFrom } from "../support/processes.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { waitFor } from "../support/wait-for.ts"
import { describeBackendContract } from "./backend-contract.ts"
import { saidIn } from "./said-in.ts"
import { noOptions, runTurn } from "./turn-recording.ts"

type Form = "text" | "json"

interface Fixture {
  readonly backend: Backend
  readonly folder: TempDir
  readonly pids: ReadonlySet<number>
}

async function prepare(form: Form, ...args: readonly string[]): Promise<Fixture> {
  const folder = await createTempDir("command")
  const pids = new Set<number>()
  const backend = new CommandBackend({
    kind: "command",
    executable: process.execPath,
    args: ["--disable-warning=ExperimentalWarning", agentPath("line-agent.ts"), form, ...args],
    cwd: folder.path,
    env: agentEnvironment(),
    installStep: "Install it",
    log: (_level, message, fields) => {
      if (message === "exec process started") pids.add(Number(fields?.pid))
      if (message === "exec process ended") pids.delete(Number(fields?.pid))
    },
  })
  return { backend, folder, pids }
}

describe.each(["text", "json"] as const)("with %s", (form) => {
  describeBackendContract(`a command that answers with ${form}`, async () => {
    const { backend, folder, pids } = await prepare(form)
    return {
      backend,
      workspace: folder.path,
      prompts: {
        say: (text) => `say ${text}`,
        count: (to) => `count ${to}`,
        recall: "recall",
        recalled: saidIn,
        call: () => "",
        image: "",
        schema: "",
      },
      documentedAs: "command",
      column: "command",
      tellsUsage: false,
      crash: async () => {
        const killed = [...pids]
        for (const pid of killed) if (isRunning(pid)) process.kill(pid, "SIGKILL")
        await waitFor(() => !killed.some(isRunning), { what: "the program to be dead" })
      },
      processes: () => [...pids].flatMap((pid) => [pid, ...descendantsOf(pid).map((entry) => entry.pid)]),
      remove: folder.remove,
    }
  })
})

describe("a command as an agent", () => {
  const fixtures: Fixture[] = []

  afterEach(async () => {
    for (const { backend, folder } of fixtures.splice(0)) {
      await backend.stop()
      await folder.remove()
    }
  })

  const start = async (...options: Parameters<typeof prepare>) => {
    const fixture = await prepare(...options)
    fixtures.push(fixture)
    return {
      ...fixture,
      thread: await fixture.backend.openThread({ ...noOptions, instructions: "Be kind." }),
    }
  }

  it("gets the instructions and the conversation with each prompt", async () => {
    const { backend, thread } = await start("text")
    await runTurn(backend, thread, "say one")
    const { answer } = await runTurn(backend, thread, "recall")
    expect(answer).toContain("<instructions>\nBe kind.\n</instructions>")
    expect(answer).toContain('<message role="assistant">\none\n</message>')
  })

  it("gets its prompt at the place of {prompt}, whatever stands in it", async () => {
    const { backend } = await start("text", "{prompt}")
    const thread = await backend.openThread(noOptions)
    const text = "say $& $(date) `id` ' \" \\ {prompt} -x"
    expect((await runTurn(backend, thread, text)).answer).toBe(text.slice(4))
  })

  it("refuses a prompt that is too long for an argument, and takes it on stdin", async () => {
    const text = `say ${"x".repeat(200_000)}`
    const argument = await start("text", "{prompt}")
    expect((await runTurn(argument.backend, argument.thread, text)).last).toMatchObject({
      error: { code: "invalid_request", message: expect.stringContaining("100000 bytes") },
    })
    const stdin = await start("text")
    expect((await runTurn(stdin.backend, stdin.thread, text)).answer).toBe(text.slice(4))
  })

  it("fails a turn with the end of what it wrote to stderr", async () => {
    const { backend, thread } = await start("text")
    expect((await runTurn(backend, thread, "fail")).last).toMatchObject({
      type: "turn.failed",
      error: { code: "backend_error", message: expect.stringMatching(/exit code 3: the reason is here/) },
    })
  })

  it("tells reasoning, usage and errors in JSON lines; other lines are left alone", async () => {
    const { backend, thread } = await start("json")
    const whole = await runTurn(backend, thread, "whole")
    expect(whole.answer).toBe("first")
    expect(whole.items[0]).toMatchObject({ type: "reasoning", summary: ["Let me see."] })
    expect(whole.last).toMatchObject({ usage: { inputTokens: 5, outputTokens: 2 } })
    expect((await runTurn(backend, thread, "error 429")).last).toMatchObject({
      type: "turn.failed",
      error: { code: "rate_limit_exceeded", message: "the model says no", modelStatus: 429 },
    })
  })

  it("leaves none of its own commands running after an interrupt", async () => {
    const { backend, thread, folder } = await start("text")
    const pidFile = join(folder.path, "pid")
    const turn = backend.startTurn(thread, {
      messages: [
        {
          type: "message",
          id: "m",
          role: "user",
          content: [{ type: "text", text: `run echo $$ > ${pidFile}; exec sleep 300` }],
          phase: null,
          status: "completed",
        },
      ],
      model: null,
      effort: null,
      outputSchema: null,
    })
    const ended = (async () => {
      for await (const batch of turn.events) if (batch.at(-1)?.type === "turn.interrupted") return true
      return false
    })()
    const pid = await waitFor(() => pidFrom(pidFile), { what: "the command to start" })
    await turn.interrupt()
    expect(await ended).toBe(true)
    expect(isRunning(pid)).toBe(false)
  })
})
