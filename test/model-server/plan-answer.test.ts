import { expect, test } from "vitest"
import type { Answer } from "./answer.ts"
import { planAnswer } from "./plan-answer.ts"
import type { JsonObject } from "./wire.ts"

const user = (text: string) => ({ type: "message", role: "user", content: [{ type: "input_text", text }] })
const call = (name: string, callId: string, args = "{}") => ({
  type: "function_call",
  name,
  call_id: callId,
  arguments: args,
})
const output = (callId: string, text: string) => ({
  type: "function_call_output",
  call_id: callId,
  output: text,
})
const listed = [{ type: "function", name: "exec_command" }]
const codeMode = {
  type: "additional_tools",
  tools: [
    {
      type: "namespace",
      name: "functions",
      tools: [
        { type: "custom", name: "exec", description: "x\n### `get_dash` (`get-dash`)\n### `client__look`\n" },
        { type: "function", name: "wait" },
      ],
    },
  ],
}

function plan(input: readonly JsonObject[], tools: readonly JsonObject[] = listed): Answer {
  return planAnswer({ model: "m", input, tools }, () => 1)
}

function textOf(answer: Answer): string {
  if (answer.type !== "stream") throw new Error(`no stream but ${answer.type}`)
  return answer.parts.map((part) => (part.type === "message" ? [...part.deltas].join("") : "")).join("|")
}

/** The calls of an answer, without their ids. */
function callsOf(answer: Answer): readonly JsonObject[] {
  if (answer.type !== "stream") throw new Error(`no stream but ${answer.type}`)
  return answer.parts.flatMap((part) => {
    if (part.type !== "item") return []
    const { id: _id, call_id: _callId, status: _status, ...rest } = part.item
    return [rest]
  })
}

test("the step follows from the calls after the script, not from memory", () => {
  const script = user("[[shell:a]][[shell:b]][[then]][[tool:f]][[say:end]]")
  const first = [call("exec_command", "1"), output("1", "A"), call("exec_command", "2"), output("2", "B")]
  const second = [call("f", "3"), output("3", "C")]
  expect(callsOf(plan([script]))).toHaveLength(2)
  expect(callsOf(plan([script, ...first]))).toEqual([{ type: "function_call", name: "f", arguments: "{}" }])
  expect(textOf(plan([script, ...first, ...second]))).toBe("end")
})

test("a newer message of the person replaces the script", () => {
  expect(textOf(plan([user("[[shell:a]]"), call("exec_command", "1"), user("never mind")]))).toBe(
    "You said: never mind",
  )
})

test("what codex writes into user messages is not the person's", () => {
  const context = user("<environment_context>\n [[say:wrong]]</environment_context>")
  const agents = user("# AGENTS.md instructions for /x\n[[say:wrong]]")
  expect(textOf(plan([agents, user("[[say:right]]"), context]))).toBe("right")
  expect(textOf(plan([agents, context, user("hi"), user("[[history]]")]))).toBe(
    '[{"role":"user","text":"hi"},{"role":"user","text":"[[history]]"}]',
  )
})

test("after the last tools the answer is said even where the script gives none", () => {
  expect(textOf(plan([user("[[shell:a]]"), call("exec_command", "1"), output("1", "A")]))).toBe(
    "Done with tools.",
  )
})

test("a command that is still running is waited for, and so is its neighbour", () => {
  const script = user("[[shell:a]][[shell:b]]")
  const running = (id: number) => `Wall time: 30\nProcess running with session ID ${id}\nOutput:\n`
  const before = [
    script,
    call("exec_command", "1"),
    call("exec_command", "2"),
    output("1", running(7)),
    output("2", running(8)),
  ]
  const pollOf = (items: readonly JsonObject[]) => JSON.stringify(callsOf(plan(items)))
  expect(pollOf(before)).toContain('session_id\\":7')
  const polled = [...before, call("write_stdin", "3", '{"session_id":7}'), output("3", "Process exited")]
  expect(pollOf(polled)).toContain('session_id\\":8')
  const done = [...polled, call("write_stdin", "4", '{"session_id":8}'), output("4", "Process exited")]
  expect(textOf(plan(done))).toBe("Done with tools.")
})

test("code mode puts all calls of a round into one script and finds the names that codex gave them", () => {
  const answer = callsOf(plan([codeMode, user('[[tool:get-dash:{"x":1}]][[tool:look]]')], []))
  expect(answer).toHaveLength(1)
  expect(answer[0]).toMatchObject({ type: "custom_tool_call", name: "exec" })
  expect(answer[0]?.input).toContain('tools["get_dash"]({"x":1})')
  expect(answer[0]?.input).toContain('tools["client__look"]({})')
})

test("code mode waits on for a script that has yielded", () => {
  const exec = { type: "custom_tool_call", name: "exec", call_id: "1", input: "" }
  const yielded = "Script running with cell ID g2:1\nWall time 30.0 seconds\nOutput:\n"
  const execOutput = { type: "custom_tool_call_output", call_id: "1", output: yielded }
  const items = [codeMode, user("[[tool:look]][[say:end]]"), exec, execOutput]
  expect(callsOf(plan(items, []))).toEqual([
    { type: "function_call", namespace: "functions", name: "wait", arguments: '{"cell_id":"g2:1"}' },
  ])
  const over = [call("wait", "2"), output("2", "Script completed\nWall time 1.0 seconds\nOutput:\n")]
  expect(textOf(plan([...items, ...over], []))).toBe("end")
})

test("a deferred function is searched for, then called in its namespace", () => {
  const tools = [...listed, { type: "tool_search" }]
  const script = user("[[tool:mcp__kv__lookup:{}]]")
  expect(callsOf(plan([script], tools))).toEqual([
    { type: "tool_search_call", execution: "client", arguments: { query: "kv lookup" } },
  ])
  const found = {
    type: "tool_search_output",
    call_id: "1",
    tools: [{ type: "namespace", name: "mcp__kv", tools: [{ type: "function", name: "lookup" }] }],
  }
  expect(callsOf(plan([script, { type: "tool_search_call", call_id: "1" }, found], tools))).toEqual([
    { type: "function_call", namespace: "mcp__kv", name: "lookup", arguments: "{}" },
  ])
})

test("a function that no search finds is called all the same, so that the turn ends", () => {
  const search = { type: "tool_search_call", call_id: "1", arguments: { query: "nothing" } }
  const found = { type: "tool_search_output", call_id: "1", tools: [] }
  const tools = [...listed, { type: "tool_search" }]
  expect(callsOf(plan([user("[[tool:nothing]]"), search, found], tools))).toEqual([
    { type: "function_call", name: "nothing", arguments: "{}" },
  ])
})

test("a failure with a number ends after so many attempts", () => {
  const body = { model: "m", input: [user("[[status:503:2]] hi")] }
  const attempts = [1, 2, 3].map((attempt) => planAnswer(body, () => attempt).type)
  expect(attempts).toEqual(["error", "error", "stream"])
})

test("a request to compact the conversation is answered with a summary", () => {
  const compaction = user("You are performing a CONTEXT CHECKPOINT COMPACTION. Create a summary")
  expect(textOf(plan([user("[[hang]]"), compaction]))).toBe("Summary of 2 messages.")
})
