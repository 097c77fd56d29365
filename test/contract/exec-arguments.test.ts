import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, describe, expect, it, vi } from "vitest"
import type { ExecBackendOptions } from "../../src/backends/exec/options.ts"
import { waitFor } from "../support/wait-for.ts"
import { createExecFixture, type ExecFixture } from "./exec-fixture.ts"
import { assistantMessage, inputOf, noOptions, runTurn, userMessage } from "./turn-recording.ts"

// Each turn starts a program, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const flags = ["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]

const fixtures: ExecFixture[] = []

afterEach(async () => {
  for (const fixture of fixtures.splice(0)) await fixture.remove()
})

async function fixtureOf(agent: string, options: Partial<ExecBackendOptions> = {}): Promise<ExecFixture> {
  const fixture = await createExecFixture(agent, options)
  fixtures.push(fixture)
  return fixture
}

const turnOf = (text: string, answer: string) => ({
  input: [userMessage(text)],
  output: [assistantMessage(answer)],
  native: null,
})

describe("the arguments of a plain-text program", () => {
  it("are the documented form with the prompt as the last one", async () => {
    const { backend, calls } = await fixtureOf("plain-agent.sh")
    await runTurn(backend, await backend.openThread(noOptions), "say hello")
    expect(calls()).toEqual([["exec", ...flags, "say hello"]])
  })

  it("have the history in the prompt of the next turn", async () => {
    const { backend, calls } = await fixtureOf("plain-agent.sh")
    const thread = await backend.openThread(noOptions)
    await runTurn(backend, thread, "say one")
    await runTurn(backend, thread, "say two")
    const [, second] = calls()
    expect(second?.slice(0, -1)).toEqual(["exec", ...flags])
    expect(second?.at(-1)).toBe(
      '<conversation>\n<message role="user">\nsay one\n</message>\n<message role="assistant">\none\n</message>\n' +
        "</conversation>\n\nThe next message, to be answered now:\n\nsay two",
    )
  })

  it("have the instructions in front of the prompt", async () => {
    const { backend, calls } = await fixtureOf("plain-agent.sh")
    const thread = await backend.openThread({ ...noOptions, instructions: "Be brief." })
    await runTurn(backend, thread, "say x")
    expect(calls()[0]?.at(-1)).toBe("<instructions>\nBe brief.\n</instructions>\n\nsay x")
  })

  it.for([
    ["90 kB", "z".repeat(90_000)],
    ["a command substitution", "$(touch owned) `touch owned` $HOME ~ * ; touch owned && | > owned \\ ' \""],
    ["line ends and tabs", "\n first\n\n\tsecond\r\nthird \n"],
    ["unicode", "Grüße 世界 🦀 \u202e \ufeff"],
  ])("carry %s intact", async ([, prompt = ""]) => {
    const { backend, calls, workspace } = await fixtureOf("plain-agent.sh")
    const turn = await runTurn(backend, await backend.openThread(noOptions), prompt)
    expect(turn.last.type).toBe("turn.completed")
    expect(calls()).toEqual([["exec", ...flags, prompt]])
    expect(existsSync(join(workspace, "owned"))).toBe(false)
  })

  it.for([
    ["above 100 kB", "z".repeat(100_001), "100001 bytes"],
    ["beginning with a dash", "- a list", "begins with `-`"],
    ["with a NUL character", "a\0b", "NUL"],
  ])(
    "never carry a prompt %s: a program that does not read stdin is not started",
    async ([, prompt = "", word]) => {
      const { backend, calls } = await fixtureOf("plain-agent.sh")
      const { last } = await runTurn(backend, await backend.openThread(noOptions), prompt)
      expect(last).toMatchObject({
        type: "turn.failed",
        error: { code: "invalid_request", message: expect.stringContaining(word ?? "") },
      })
      expect(calls()).toEqual([])
    },
  )

  it.for([
    ["above 100 kB", "z".repeat(3_000_000)],
    ["beginning with a dash", "- a list"],
    ["that is a dash", "-"],
    ["with a NUL character", "a\0b"],
  ])("are `-` and the prompt goes to stdin, where the program reads it, %s", async ([, prompt = ""]) => {
    const { backend, calls, stdinFile } = await fixtureOf("stdin-agent.sh")
    const turn = await runTurn(backend, await backend.openThread(noOptions), prompt)
    expect(turn.answer).toBe(`${Buffer.byteLength(prompt)} bytes`)
    expect(calls()).toEqual([["exec", ...flags, "-"]])
    expect(readFileSync(stdinFile, "utf8")).toBe(prompt)
  })

  it("leave out the oldest of a history that is too long for one argument", async () => {
    const { backend, calls } = await fixtureOf("plain-agent.sh")
    const history = Array.from({ length: 30 }, (_, index) => turnOf(`question ${index} `, "y".repeat(5_000)))
    await runTurn(backend, await backend.openThread({ ...noOptions, history }), "say x")
    const prompt = calls()[0]?.at(-1) ?? ""
    expect(Buffer.byteLength(prompt)).toBeLessThanOrEqual(100_000)
    expect(prompt).toContain("(Earlier messages are left out.)")
    expect(prompt).not.toContain("question 0 ")
    expect(prompt).toContain("question 29 ")
  })

  it("are run from the workspace", async () => {
    const { backend, workspace } = await fixtureOf("plain-agent.sh")
    expect((await runTurn(backend, await backend.openThread(noOptions), "cwd")).answer).toBe(workspace)
  })

  it("refuse what the program cannot be told, and functions of the client", async () => {
    const { backend, calls } = await fixtureOf("plain-agent.sh")
    expect(await backend.capabilities()).toMatchObject({
      acceptsImages: false,
      hasOutputSchema: false,
      hasFunctions: false,
      hasFork: false,
      efforts: [],
    })
    const thread = await backend.openThread(noOptions)
    const image = [{ type: "image", url: "data:image/png;base64,AAAA" }] as const
    for (const input of [inputOf(image), inputOf("say x", { outputSchema: { type: "object" } })]) {
      expect((await runTurn(backend, thread, input)).last).toMatchObject({
        type: "turn.failed",
        error: { code: "invalid_request" },
      })
    }
    expect(calls()).toEqual([])
    const tools = [{ name: "f", description: "", parameters: {} }]
    await expect(backend.openThread({ ...noOptions, tools })).rejects.toMatchObject({
      code: "invalid_request",
      param: "tools",
    })
  })
})

describe("with shared sessions a plain-text program", () => {
  it("is resumed with --last, turn after turn and after a restart", async () => {
    const fixture = await fixtureOf("plain-agent.sh", { resumesLast: true })
    const thread = await fixture.backend.openThread(noOptions)
    await runTurn(fixture.backend, thread, "say one")
    await runTurn(fixture.backend, thread, "say two")
    const again = await fixture.restart()
    await again.resumeThread(thread, noOptions)
    await runTurn(again, thread, "say three")
    expect(fixture.calls()).toEqual(
      ["say one", "say two", "say three"].map((prompt) => ["exec", "resume", "--last", ...flags, prompt]),
    )
  })

  it("takes up no session that an agent of before has left, and goes on in its own", async () => {
    const { backend, calls } = await fixtureOf("plain-agent.sh", { resumesLast: true, isNewcomer: true })
    const thread = await backend.openThread(noOptions)
    await runTurn(backend, thread, "say one")
    await runTurn(backend, thread, "say two")
    expect(calls().map((call) => call.includes("--last"))).toEqual([false, true])
  })

  it("never continues the session of another thread: it is told its own history instead", async () => {
    const { backend, calls } = await fixtureOf("plain-agent.sh", { resumesLast: true })
    const mine = await backend.openThread(noOptions)
    const yours = await backend.openThread(noOptions)
    await runTurn(backend, mine, "say mine")
    await runTurn(backend, yours, "say yours")
    await runTurn(backend, mine, "say more")
    await runTurn(backend, mine, "say again")
    const all = calls()
    expect(all.map((call) => call.includes("--last"))).toEqual([true, false, false, true])
    expect(all[1]?.at(-1)).toBe("say yours")
    expect(all[2]?.at(-1)).toContain("say mine")
    expect(all[2]?.at(-1)).not.toContain("yours")
  })

  it("has lost its thread after a restart when somebody else ran last", async () => {
    const fixture = await fixtureOf("plain-agent.sh", { resumesLast: true })
    const mine = await fixture.backend.openThread(noOptions)
    await runTurn(fixture.backend, mine, "say mine")
    await runTurn(fixture.backend, await fixture.backend.openThread(noOptions), "say yours")
    const again = await fixture.restart()
    await expect(again.resumeThread(mine, noOptions)).rejects.toMatchObject({ code: "thread_lost" })
  })

  it("is not trusted with --last after a turn that broke off", async () => {
    const { backend, calls } = await fixtureOf("plain-agent.sh", { resumesLast: true })
    const thread = await backend.openThread(noOptions)
    await runTurn(backend, thread, "exit 3")
    await runTurn(backend, thread, "say on")
    expect(calls().map((call) => call.includes("--last"))).toEqual([true, false])
  })

  it("gets a seeded or ephemeral thread as a session of its own", async () => {
    const { backend, calls } = await fixtureOf("plain-agent.sh", { resumesLast: true })
    const seeded = await backend.openThread({ ...noOptions, history: [turnOf("old", "answer")] })
    await runTurn(backend, seeded, "say x")
    await runTurn(backend, await backend.openThread({ ...noOptions, isEphemeral: true }), "say y")
    expect(calls().map((call) => call.includes("--last"))).toEqual([false, false])
  })

  it("keeps two first turns that come at the same time apart", async () => {
    const { backend, calls } = await fixtureOf("plain-agent.sh", { resumesLast: true })
    const threads = [await backend.openThread(noOptions), await backend.openThread(noOptions)]
    await Promise.all(threads.map((thread, index) => runTurn(backend, thread, `say ${index}`)))
    expect(calls().filter((call) => call.includes("--last"))).toHaveLength(1)
  })
})

describe("the arguments of a program with --json", () => {
  it("are a plain exec first and then resume its id, also after a restart", async () => {
    const fixture = await fixtureOf("json-agent.ts")
    const thread = await fixture.backend.openThread(noOptions)
    await runTurn(fixture.backend, thread, "say one")
    await runTurn(fixture.backend, thread, "say two")
    const again = await fixture.restart()
    await again.resumeThread(thread, noOptions)
    const { answer, last } = await runTurn(again, thread, "recall now")
    expect(JSON.parse(answer)).toEqual(["say one", "say two", "recall now"])
    const id = readdirSync(join(fixture.workspace, "sessions"))[0]?.replace(".json", "") ?? ""
    expect(fixture.runs().map(({ argv }) => argv)).toEqual([
      ["exec", ...flags, "--json", "say one"],
      ["exec", "resume", id, ...flags, "--json", "say two"],
      ["exec", "resume", id, ...flags, "--json", "recall now"],
    ])
    // The program tells its running total: 10, 20, 30.
    expect(last).toMatchObject({ type: "turn.completed", usage: { inputTokens: 10, outputTokens: 5 } })
  })

  it("take up the newest session with shared sessions, and its id from then on", async () => {
    const fixture = await fixtureOf("json-agent.ts")
    await runTurn(fixture.backend, await fixture.backend.openThread(noOptions), "say before")
    const shared = await fixture.restart({ resumesLast: true })
    const thread = await shared.openThread({ ...noOptions, instructions: "Be brief." })
    const first = await runTurn(shared, thread, "say one")
    const second = await runTurn(shared, thread, "say two")
    const argvs = fixture.runs().map(({ argv }) => argv)
    expect(argvs[1]).toEqual([
      "exec",
      "resume",
      "--last",
      ...flags,
      "--json",
      // A session that exists would ignore them as a setting.
      "<instructions>\nBe brief.\n</instructions>\n\nsay one",
    ])
    expect(argvs[2]).toEqual([
      "exec",
      "resume",
      expect.stringMatching(/^[0-9a-f-]{36}$/),
      ...flags,
      "--json",
      "say two",
    ])
    // What the session had used before is not known.
    expect(first.last).toMatchObject({ type: "turn.completed", usage: null })
    expect(second.last).toMatchObject({ type: "turn.completed", usage: { inputTokens: 10 } })
  })

  it("carry model, effort, instructions, images and a schema, whose files are gone afterwards", async () => {
    const { backend, runs, workspace } = await fixtureOf("json-agent.ts", { model: "gpt-x" })
    const instructions = 'Say "ahoy"\nand \\ mind\x7f the gap'
    const thread = await backend.openThread({ ...noOptions, instructions })
    const url = `data:image/png;base64,${Buffer.from("picture").toString("base64")}`
    const content = [
      { type: "text", text: "say it" },
      { type: "image", url },
    ] as const
    const outputSchema = { type: "object" }
    const turn = await runTurn(backend, thread, inputOf(content, { effort: "high", outputSchema }))
    expect(turn.last.type).toBe("turn.completed")
    const [run] = runs()
    const image = run?.argv[run.argv.indexOf("-i") + 1] ?? ""
    const schema = run?.argv[run.argv.indexOf("--output-schema") + 1] ?? ""
    expect(run?.argv).toEqual([
      "exec",
      ...flags,
      "-i",
      image,
      "-m",
      "gpt-x",
      "-c",
      'model_reasoning_effort="high"',
      "-c",
      'developer_instructions="Say \\"ahoy\\"\\nand \\\\ mind\\u007f the gap"',
      "--output-schema",
      schema,
      "--json",
      "say it",
    ])
    expect(image).toMatch(/\/inbox\/.*\.png$/)
    expect(run?.contents.map((base64) => Buffer.from(base64, "base64").toString())).toEqual([
      "picture",
      '{"type":"object"}',
    ])
    await waitFor(() => readdirSync(join(workspace, "inbox")).length === 0, {
      what: "the files to be removed",
    })
  })

  it("keep ephemeral threads out of its sessions, and tell them their history", async () => {
    const { backend, runs, workspace } = await fixtureOf("json-agent.ts")
    const thread = await backend.openThread({ ...noOptions, isEphemeral: true })
    await runTurn(backend, thread, "say one")
    await runTurn(backend, thread, "say two")
    expect(runs().map(({ argv }) => argv.includes("--ephemeral"))).toEqual([true, true])
    expect(runs()[1]?.argv.at(-1)).toContain("say one")
    expect(readdirSync(join(workspace, "sessions"))).toEqual([])
    expect(existsSync(join(workspace, "control", "exec-threads"))).toBe(false)
  })

  it("keep a prompt of one word from being taken for a subcommand", async () => {
    const { backend, runs } = await fixtureOf("json-agent.ts")
    await runTurn(backend, await backend.openThread(noOptions), "help")
    expect(runs()).toMatchObject([{ argv: ["exec", ...flags, "--json", "-"], stdin: "help" }])
  })

  it("forget a deleted thread", async () => {
    const { backend, workspace } = await fixtureOf("json-agent.ts")
    const thread = await backend.openThread(noOptions)
    await runTurn(backend, thread, "say one")
    expect(readdirSync(join(workspace, "control", "exec-threads"))).toEqual([`${thread}.json`])
    await backend.deleteThread(thread)
    expect(readdirSync(join(workspace, "control", "exec-threads"))).toEqual([])
    await expect(backend.resumeThread(thread, noOptions)).rejects.toMatchObject({ code: "thread_lost" })
  })
})
