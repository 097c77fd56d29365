import path from "node:path"
import { afterAll, beforeAll, describe, expect, it, type TestContext } from "vitest"
import type { Backend, Capabilities, FunctionTool, ThreadOptions } from "../../src/domain/backend.ts"
import { ProxyError } from "../../src/domain/errors.ts"
import { isRunning, pidFrom } from "../support/processes.ts"
import { waitFor } from "../support/wait-for.ts"
import { comparedCapabilities, documentedCapabilities } from "./documented-capabilities.ts"
import { describeHardCases, describeRestart } from "./hard-cases.ts"
import { answering, assistantMessage, inputOf, noOptions, runTurn, userMessage } from "./turn-recording.ts"

/** Words that make the agent do what a test needs. */
export interface ContractPrompts {
  /** Answers exactly this text. */
  say(text: string): string
  /** Answers `1 2 .. count` in so many deltas, with pauses between them. */
  count(to: number): string
  /** Answers something in which `recalled` finds what the user has said in this thread, this prompt included. */
  readonly recall: string
  recalled(answer: string): readonly string[]
  call(name: string, args: Readonly<Record<string, unknown>>): string
  /** Goes with an image; the answer names its media type and its size in bytes. */
  readonly image: string
  /** Goes with an output schema that wants `{"answer": string}`. */
  readonly schema: string
  /** The model behind the agent fails with this status. Absent: there is no model. */
  readonly fail?: (status: number) => string
  /** The model's answer breaks off each time. */
  readonly cut?: string
  /** The model takes the request and says nothing. */
  readonly silence?: string
  /** Answers `1 2 .. count` as fast as it is read. */
  readonly flood?: (count: number) => string
  /** The model makes these calls in one answer. */
  readonly callsAtOnce?: (
    calls: readonly { readonly name: string; readonly args: Readonly<Record<string, unknown>> }[],
  ) => string
  /** The agent runs this command by itself. Absent: it runs none. */
  readonly shell?: (command: string) => string
}

/** How the suite gets at one backend. Optional members are what only some backends can show. */
export interface BackendHarness {
  readonly backend: Backend
  /** Folder that the agent may write to. */
  readonly workspace: string
  readonly prompts: ContractPrompts
  /** Instructions that the model got with its newest request. */
  readonly developerText?: () => string
  /** Kills the program as a crash would, and resolves when it is gone. */
  readonly crash?: () => Promise<void>
  /** Paths of the CLI's own records of threads. */
  readonly records?: () => readonly string[]
  /** Processes of the backend and of everything that it started. */
  readonly processes?: () => readonly number[]
  /** Whether the program has the thread in memory. */
  readonly isLoaded?: (thread: string) => Promise<boolean>
  /** Its row in the table of `docs/agents/README.md`. */
  readonly documentedAs?: string
  /** False: the program tells neither output nor exit code of its commands. */
  readonly tellsOutput?: boolean
  /** False: it may have lost its threads when it is killed; the engine fills new ones then. */
  readonly survivesKill?: boolean
  /** Failures of the model that it tells within a test's time: others it tries again for minutes. */
  readonly toldFailures?: readonly number[]
  /** False: it tells that the model failed, and not with which status. */
  readonly tellsStatus?: boolean
  /** What the user said, as the newest request to the model has it. */
  readonly heard?: () => readonly string[]
  /** Resolves when the model gets its next request. */
  readonly isModelAsked?: () => Promise<void>
  /** Another backend on the same workspace and home, as after a restart. */
  readonly another?: () => Promise<Backend>
  /** False: the program tells no tokens. */
  readonly tellsUsage?: boolean
  remove(): Promise<void>
}

const weather: FunctionTool = {
  name: "get_weather",
  description: "The weather of a city",
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
}

const answerSchema = {
  type: "object",
  properties: { answer: { type: "string" } },
  required: ["answer"],
  additionalProperties: false,
}

const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

/** What every backend has to do. Tests for what a backend says that it cannot do are skipped. */
export function describeBackendContract(name: string, prepare: () => Promise<BackendHarness>): void {
  describe(`the backend contract on ${name}`, () => {
    let harness: BackendHarness
    let backend: Backend
    let prompts: ContractPrompts
    let capabilities: Capabilities

    beforeAll(async () => {
      harness = await prepare()
      backend = harness.backend
      prompts = harness.prompts
      capabilities = await backend.capabilities()
    })

    afterAll(async () => {
      await backend.stop()
      await harness.remove()
    })

    const open = (options: Partial<ThreadOptions> = {}) => backend.openThread({ ...noOptions, ...options })
    const run = (
      thread: string,
      input: Parameters<typeof runTurn>[2],
      onEvent?: Parameters<typeof runTurn>[3],
    ) => runTurn(backend, thread, input, onEvent)
    const recall = async (thread: string) => prompts.recalled((await run(thread, prompts.recall)).answer)

    it("is ready, and names its program", async () => {
      expect(await backend.readiness()).toEqual({ isReady: true })
      expect(capabilities.program).not.toBe("")
    })

    it("can do what the documentation says, no more and no less", (context) => {
      needs(context, harness.documentedAs)
      expect(comparedCapabilities(capabilities)).toEqual(documentedCapabilities(harness.documentedAs))
    })

    it("streams an answer whose deltas make up the whole text, unicode included", async () => {
      const text = "Grüße, 世界 🦀 — 𝔘𝔫𝔦𝔠𝔬𝔡𝔢"
      const turn = await run(await open(), prompts.say(text))
      expect(turn.last.type).toBe("turn.completed")
      expect(turn.answer).toBe(text)
      expect(turn.events[0]?.type).toBe("turn.started")
      expect(turn.ref).not.toBe("")
      if (capabilities.streamsDeltas) expect(turn.streamed).toBe(text)
    })

    it("delivers the first delta before the answer is complete", async (context) => {
      needs(context, capabilities.streamsDeltas)
      let deltasAtOnce = 0
      const turn = backend.startTurn(await open(), inputOf(prompts.count(10)))
      for await (const batch of turn.events) {
        const deltas = batch.filter((event) => event.type === "item.delta").length
        if (deltas > 0 && deltasAtOnce === 0) deltasAtOnce = deltas
      }
      expect(deltasAtOnce).toBeGreaterThan(0)
      expect(deltasAtOnce).toBeLessThan(10)
    })

    it("reports usage with the end of a turn", async (context) => {
      needs(context, harness.tellsUsage !== false)
      const { last } = await run(await open(), prompts.say("usage"))
      if (last.type !== "turn.completed" || last.usage === null) throw new Error("no usage")
      expect(last.usage.inputTokens).toBeGreaterThan(0)
      expect(last.usage.outputTokens).toBeGreaterThan(0)
    })

    it("continues a thread with what was said before", async () => {
      const thread = await open()
      await run(thread, prompts.say("one"))
      await run(thread, prompts.say("two"))
      expect(await recall(thread)).toEqual([prompts.say("one"), prompts.say("two"), prompts.recall])
    })

    it("keeps two threads apart that run at the same time", async () => {
      const [a, b] = await Promise.all([open(), open()])
      const [turnA, turnB] = await Promise.all([run(a, prompts.say("alpha")), run(b, prompts.say("beta"))])
      expect([turnA.answer, turnB.answer]).toEqual(["alpha", "beta"])
      expect(await recall(a)).toEqual([prompts.say("alpha"), prompts.recall])
      expect(await recall(b)).toEqual([prompts.say("beta"), prompts.recall])
    })

    it("gives the instructions of the thread to the model", async (context) => {
      const { developerText } = harness
      needs(context, developerText)
      const thread = await open({ instructions: "Answer like a lighthouse keeper." })
      await run(thread, prompts.say("ahoy"))
      expect(developerText()).toContain("Answer like a lighthouse keeper.")
    })

    it("forks at an earlier turn: the fork knows only what was before, the source goes on", async (context) => {
      needs(context, capabilities.hasFork)
      const source = await open()
      const first = await run(source, prompts.say("before"))
      await run(source, prompts.say("after"))
      const fork = await backend.forkThread(source, first.ref, noOptions)
      await run(fork, prompts.say("branch"))
      expect(await recall(fork)).toEqual([prompts.say("before"), prompts.say("branch"), prompts.recall])
      expect(await recall(source)).toEqual([prompts.say("before"), prompts.say("after"), prompts.recall])
    })

    it("begins a thread with a given history, in order and once", async () => {
      const thread = await open({
        history: ["first", "second"].map((text) => ({
          input: [userMessage(text)],
          output: [assistantMessage(`answer to ${text}`)],
          native: null,
        })),
      })
      expect(await recall(thread)).toEqual(["first", "second", prompts.recall])
    })

    it("seeds a new thread with the native items of an old one", async () => {
      const source = await open()
      const said = await run(source, prompts.say("remember me"))
      const thread = await open({
        history: [
          {
            input: [userMessage("seeded question")],
            output: said.items,
            native: { kind: backend.kind, items: said.native },
          },
        ],
      })
      expect(await recall(thread)).toEqual(["seeded question", prompts.recall])
    })

    it("tells the native items of a turn also in a resumed and in a forked thread", async (context) => {
      const thread = await open()
      const first = await run(thread, prompts.say("native"))
      needs(context, first.native.length > 0)
      await backend.closeThread(thread)
      await backend.resumeThread(thread, noOptions)
      const resumed = await run(thread, prompts.say("native"))
      expect(resumed.native).toHaveLength(first.native.length)
      if (!capabilities.hasFork) return
      const fork = await backend.forkThread(thread, resumed.ref, noOptions)
      expect((await run(fork, prompts.say("native"))).native).toHaveLength(first.native.length)
    })

    it("shows an image to the model", async (context) => {
      needs(context, capabilities.acceptsImages)
      const url = `data:image/png;base64,${png}`
      const parts = [
        { type: "text", text: prompts.image },
        { type: "image", url },
      ] as const
      const { answer } = await run(await open(), inputOf(parts))
      expect(answer).toContain("image/png")
      expect(answer).toContain(String(Buffer.from(png, "base64").length))
    })

    it("answers with JSON that has the wanted form", async (context) => {
      needs(context, capabilities.hasOutputSchema)
      const turn = await run(await open(), inputOf(prompts.schema, { outputSchema: answerSchema }))
      expect(JSON.parse(turn.answer)).toEqual({ answer: expect.any(String) })
    })

    it("calls a function of the client and goes on with its output", async (context) => {
      needs(context, capabilities.hasFunctions)
      const thread = await open({ tools: [weather] })
      const client = answering((call) => `sunny for ${call.arguments}`)
      const turn = await run(thread, prompts.call("get_weather", { city: "Oslo" }), client.onEvent)
      expect(turn.last.type).toBe("turn.completed")
      expect(client.calls).toHaveLength(1)
      expect(client.calls[0]).toMatchObject({ type: "function_call", name: "get_weather" })
      expect(JSON.parse(client.calls[0]?.arguments ?? "")).toEqual({ city: "Oslo" })
      // A call of the client is told once, and never as something that the agent did by itself.
      expect(turn.items.map((item) => item.type)).not.toContain("tool_call")
      expect(turn.items.map((item) => item.type)).not.toContain("function_call")
    })

    it("refuses the answer to a call that is not open", async (context) => {
      needs(context, capabilities.hasFunctions)
      const turn = backend.startTurn(await open(), inputOf(prompts.count(3)))
      await expect(turn.answer("call_nowhere", [])).rejects.toBeInstanceOf(ProxyError)
      for await (const _ of turn.events) {
        // To its end, so that nothing of it runs into the next test.
      }
    })

    it("interrupts a turn that waits for a function of the client", async (context) => {
      needs(context, capabilities.hasFunctions)
      const thread = await open({ tools: [weather] })
      const turn = await run(thread, prompts.call("get_weather", { city: "Rome" }), (event, running) => {
        if (event.type === "function.called") void running.interrupt()
      })
      expect(turn.last.type).toBe("turn.interrupted")
      expect((await run(thread, prompts.say("still here"))).answer).toBe("still here")
    })

    it("interrupts an answer; the thread can be used afterwards", async () => {
      const thread = await open()
      const turn = await run(thread, prompts.count(200), (event, running) => {
        // A backend without deltas shows nothing of an answer until it is whole.
        const begun = capabilities.streamsDeltas ? "item.delta" : "turn.started"
        if (event.type === begun) void running.interrupt()
      })
      expect(turn.last.type).toBe("turn.interrupted")
      expect((await run(thread, prompts.say("on we go"))).answer).toBe("on we go")
    })

    it("interrupts at once, and again, and after the end without harm", async () => {
      const turn = backend.startTurn(await open(), inputOf(prompts.count(200)))
      await Promise.all([turn.interrupt(), turn.interrupt()])
      const events = []
      for await (const batch of turn.events) events.push(...batch)
      expect(events.at(-1)?.type).toBe("turn.interrupted")
      await turn.interrupt()
    })

    it("shows a command that the agent runs, with its output and exit code", async (context) => {
      const { shell } = prompts
      needs(context, shell)
      const turn = await run(await open(), shell("echo out; echo err >&2; exit 3"))
      const command = turn.items.find((item) => item.type === "command")
      if (harness.tellsOutput === false) {
        expect(command).toMatchObject({ command: "echo out; echo err >&2; exit 3", exitCode: null })
        return
      }
      expect(command).toMatchObject({
        command: "echo out; echo err >&2; exit 3",
        exitCode: 3,
        status: "failed",
      })
      expect(command?.output).toContain("out")
      expect(command?.output).toContain("err")
    })

    it("leaves no command running after an interrupt", async (context) => {
      const { shell } = prompts
      needs(context, shell)
      const pidFile = path.join(harness.workspace, "interrupted.pid")
      const turn = backend.startTurn(await open(), inputOf(shell(`echo $$ > ${pidFile}; exec sleep 300`)))
      const last = (async () => {
        let event = null
        for await (const batch of turn.events) event = batch.at(-1) ?? event
        return event
      })()
      const pid = await waitFor(() => pidFrom(pidFile), {
        what: "the command to start",
      })
      expect(isRunning(pid)).toBe(true)
      await turn.interrupt()
      expect((await last)?.type).toBe("turn.interrupted")
      expect(isRunning(pid)).toBe(false)
    })

    it.for([400, 401, 429, 500])(
      "ends a turn as failed when the model answers %i; the thread can be used afterwards",
      async (status, context) => {
        const { fail } = prompts
        needs(context, fail)
        needs(context, harness.toldFailures?.includes(status) !== false)
        const thread = await open()
        const { last } = await run(thread, fail(status))
        expect(last).toMatchObject({
          type: "turn.failed",
          error: { code: "model_error", modelStatus: harness.tellsStatus === false ? null : status },
        })
        expect((await run(thread, prompts.say("recovered"))).answer).toBe("recovered")
      },
    )

    it("keeps no record of an ephemeral thread", async (context) => {
      const { records } = harness
      needs(context, records)
      const before = records()
      const thread = await open({ isEphemeral: true })
      await run(thread, prompts.say("nobody will know"))
      // A CLI that always keeps a record removes it with the end of its thread.
      await backend.closeThread(thread)
      expect(records()).toEqual(before)
    })

    it("removes the CLI's own record with the thread, and takes an unknown thread for removed", async (context) => {
      const { records } = harness
      needs(context, records)
      const before = records()
      const thread = await open()
      await run(thread, prompts.say("delete me"))
      expect(records()).not.toEqual(before)
      await backend.deleteThread(thread)
      expect(records()).toEqual(before)
      await backend.deleteThread(thread)
      await backend.deleteThread("00000000-0000-4000-8000-000000000000")
    })

    it("gives a closed thread back, and resumes it with its memory", async () => {
      const thread = await open()
      await run(thread, prompts.say("kept"))
      await backend.closeThread(thread)
      await backend.closeThread("00000000-0000-4000-8000-000000000000")
      const { isLoaded } = harness
      if (isLoaded !== undefined) {
        await waitFor(async () => !(await isLoaded(thread)), { what: "the thread to be unloaded" })
      }
      await backend.resumeThread(thread, noOptions)
      expect(await recall(thread)).toEqual([prompts.say("kept"), prompts.recall])
    })

    it("says that it has lost a thread that it does not know", async () => {
      const unknown = "00000000-0000-4000-8000-000000000000"
      await expect(backend.resumeThread(unknown, noOptions)).rejects.toMatchObject({ code: "thread_lost" })
      const { last } = await run(unknown, prompts.say("hello?"))
      expect(last).toMatchObject({ type: "turn.failed", error: { code: "thread_lost" } })
      if (!capabilities.hasFork) return
      await expect(backend.forkThread(unknown, "turn", noOptions)).rejects.toMatchObject({
        code: "thread_lost",
      })
      const thread = await open()
      await run(thread, prompts.say("x"))
      await expect(
        backend.forkThread(thread, "00000000-0000-4000-8000-000000000000", noOptions),
      ).rejects.toMatchObject({ code: "thread_lost" })
    })

    it("survives the death of its program: the turn fails, the thread is resumed by the next process", async (context) => {
      const { crash } = harness
      needs(context, crash)
      const thread = await open()
      await run(thread, prompts.say("before the crash"))
      const turn = await run(thread, prompts.count(200), (event) => {
        const isBegun = capabilities.streamsDeltas
          ? event.type === "item.delta" && event.text.startsWith("1")
          : event.type === "turn.started"
        if (isBegun) void crash()
      })
      expect(turn.last).toMatchObject({ type: "turn.failed", error: { code: "backend_died" } })
      const lost = await backend.resumeThread(thread, noOptions).catch((error: unknown) => error)
      if (harness.survivesKill === false) {
        if (lost !== undefined) expect(lost).toMatchObject({ code: "thread_lost" })
        // What the program has of the turn in which it was killed is not to be relied on.
        expect((await run(await open(), prompts.say("after"))).answer).toBe("after")
        return
      }
      expect(lost).toBeUndefined()
      const said = await recall(thread)
      expect(said[0]).toBe(prompts.say("before the crash"))
      expect(said.at(-1)).toBe(prompts.recall)
    })

    describeHardCases(() => ({ harness, backend, capabilities }))

    it("ends what runs when it is stopped, and leaves no process", async () => {
      const turn = run(await open(), prompts.count(200))
      const processes = harness.processes?.() ?? []
      await Promise.all([backend.stop(), backend.stop()])
      expect((await turn).last).toMatchObject({ type: "turn.failed", error: { code: "agent_stopped" } })
      expect(processes.filter(isRunning)).toEqual([])
      expect((await backend.readiness()).isReady).toBe(false)
    })

    describeRestart(() => ({ harness, backend, capabilities }))
  })
}

/** Skips the test where the backend has no such thing. */
function needs<T>(context: TestContext, value: T): asserts value is Exclude<NonNullable<T>, false> {
  context.skip(value === undefined || value === null || value === false, "not a feature of this backend")
}
