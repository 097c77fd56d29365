import fc from "fast-check"
import type { BetaResponseInputItem } from "openai/resources/beta/responses/responses"
import type { ResponseInputItem } from "openai/resources/responses/responses"
import { describe, expect, it } from "vitest"
import { parseChatRequest } from "../../src/protocol/chat/request.ts"
import { parseResponsesRequest } from "../../src/protocol/responses/request.ts"

type ItemType = NonNullable<ResponseInputItem["type"]>
type ItemOf<Type> = Extract<ResponseInputItem, { type?: Type | null }>
type BetaItemOf<Type> = Extract<BetaResponseInputItem, { type?: Type | null }>
type Wire = Readonly<Record<string, unknown>>

interface Case {
  /** Only what the API's document requires of it. */
  readonly item: Wire
  /** What it may have beside that, or in its place: null. */
  readonly nulls: readonly string[]
  /** What has to stand before it. */
  readonly before?: readonly Wire[]
  /** What the agent is told, of the last item. */
  readonly means: Wire
}

const call = (item: Wire): Wire => ({ type: "function_call", ...item })
const answers = (callId: string, ...texts: string[]): Wire => ({
  type: "function_call_output",
  callId,
  output: texts.map((text) => ({ type: "text", text })),
})
const did = (tool: string, fields: Wire): Wire => ({ type: "tool_call", server: "hosted", tool, ...fields })
const noMessage = { type: "message", role: "developer", content: [] }

// The compiler keeps it complete: a new type of item in the official client is an error here until it is listed. What is
// refused has reasons of its own.
const cases: Record<Exclude<ItemType, "item_reference" | "compaction_trigger">, readonly Case[]> = {
  message: [
    {
      item: { role: "user", content: "hi" } satisfies ItemOf<"message">,
      nulls: ["type", "status", "phase", "id"],
      means: { type: "message", role: "user", content: [{ type: "text", text: "hi" }] },
    },
    {
      item: { type: "message", id: "m", role: "assistant", status: "incomplete", content: [] },
      nulls: ["phase"],
      means: { type: "message", role: "assistant", content: [] },
    },
    {
      item: { type: "message", role: "assistant", content: [{ type: "output_text", text: "a" }] },
      nulls: ["id", "status"],
      means: { content: [{ type: "text", text: "a" }] },
    },
  ],
  reasoning: [
    {
      item: { type: "reasoning", id: "rs", summary: [] } satisfies ItemOf<"reasoning">,
      nulls: ["status", "encrypted_content", "content", "summary"],
      means: { type: "reasoning", summary: [] },
    },
  ],
  function_call: [
    {
      item: {
        type: "function_call",
        call_id: "c",
        name: "f",
        arguments: "{}",
      } satisfies ItemOf<"function_call">,
      nulls: ["id", "status", "caller", "namespace", "async"],
      means: call({ callId: "c", name: "f", arguments: "{}" }),
    },
  ],
  function_call_output: [
    {
      before: [{ type: "function_call", call_id: "c", name: "f", arguments: "{}" }],
      item: {
        type: "function_call_output",
        call_id: "c",
        output: "x",
      } satisfies ItemOf<"function_call_output">,
      nulls: ["id", "status", "caller", "name", "namespace"],
      means: answers("c", "x"),
    },
    {
      before: [
        { type: "function_call", call_id: "c1", name: "f", arguments: "{}" },
        { type: "function_call", call_id: "c2", name: "g", arguments: "{}" },
      ],
      item: { type: "function_call_output", name: "f", output: [] } satisfies ItemOf<"function_call_output">,
      nulls: ["call_id"],
      means: answers("c1", ""),
    },
  ],
  mcp_call: [
    {
      item: {
        type: "mcp_call",
        id: "m",
        server_label: "s",
        name: "n",
        arguments: "{}",
      } satisfies ItemOf<"mcp_call">,
      nulls: ["error", "output", "status", "approval_request_id"],
      means: { type: "tool_call", server: "s", tool: "n", output: null, error: null, status: "completed" },
    },
  ],
  web_search_call: [
    {
      item: {
        type: "web_search_call",
        id: "w",
        status: "completed",
        action: { type: "search" },
      } satisfies ItemOf<"web_search_call">,
      nulls: [],
      means: { type: "web_search", query: "", status: "completed" },
    },
    {
      item: {
        type: "web_search_call",
        id: "w",
        status: "searching",
        action: { type: "open_page", url: null },
      } satisfies ItemOf<"web_search_call">,
      nulls: ["action", "status"],
      means: { type: "web_search", query: "" },
    },
    {
      item: {
        type: "web_search_call",
        id: "w",
        status: "completed",
        action: { type: "find_in_page", pattern: "tide", url: "https://harbour.example" },
      } satisfies ItemOf<"web_search_call">,
      nulls: ["action"],
      means: { type: "web_search", query: "tide in https://harbour.example" },
    },
    {
      item: {
        type: "web_search_call",
        id: "w",
        status: "completed",
        action: { type: "search", queries: ["tides", "moon"] },
      } satisfies ItemOf<"web_search_call">,
      nulls: ["action"],
      means: { type: "web_search", query: "tides, moon" },
    },
  ],
  compaction: [
    {
      item: { type: "compaction", encrypted_content: "aap1.eA" } satisfies ItemOf<"compaction">,
      nulls: ["id"],
      means: { type: "message", role: "assistant" },
    },
    {
      item: { type: "compaction", encrypted_content: "gAAAAABp" } satisfies ItemOf<"compaction">,
      nulls: ["id"],
      means: {
        type: "message",
        role: "assistant",
        content: [{ type: "text", text: expect.stringMatching(/Another service made it/) }],
      },
    },
  ],
  configuration_update: [
    {
      item: { type: "configuration_update" } satisfies ItemOf<"configuration_update">,
      nulls: ["id", "reasoning", "text"],
      means: noMessage,
    },
  ],
  additional_tools: [
    {
      item: { type: "additional_tools", role: "developer", tools: [] } satisfies ItemOf<"additional_tools">,
      nulls: ["id"],
      means: noMessage,
    },
  ],
  custom_tool_call: [
    {
      item: {
        type: "custom_tool_call",
        call_id: "c",
        name: "exec",
        input: "ls",
      } satisfies ItemOf<"custom_tool_call">,
      nulls: ["id", "status", "namespace"],
      means: call({ callId: "c", name: "exec", arguments: '{"input":"ls"}' }),
    },
  ],
  custom_tool_call_output: [
    {
      before: [{ type: "custom_tool_call", call_id: "c", name: "exec", input: "ls" }],
      item: {
        type: "custom_tool_call_output",
        call_id: "c",
        output: "a",
      } satisfies ItemOf<"custom_tool_call_output">,
      nulls: ["id", "caller"],
      means: answers("c", "a"),
    },
  ],
  shell_call: [
    {
      item: {
        type: "shell_call",
        call_id: "c",
        action: { commands: ["ls"], timeout_ms: null },
      } satisfies ItemOf<"shell_call">,
      nulls: ["id", "caller", "environment", "status"],
      means: call({ callId: "c", name: "shell", arguments: '{"commands":["ls"]}' }),
    },
  ],
  shell_call_output: [
    {
      before: [{ type: "shell_call", call_id: "c", action: { commands: ["ls"] } }],
      item: {
        type: "shell_call_output",
        call_id: "c",
        output: [{ stdout: "a", stderr: "", outcome: { type: "exit", exit_code: 3 } }],
      } satisfies ItemOf<"shell_call_output">,
      nulls: ["id", "caller", "max_output_length", "status"],
      means: answers("c", "a\n(exit 3)"),
    },
  ],
  local_shell_call: [
    {
      item: {
        type: "local_shell_call",
        id: "l",
        call_id: "c",
        status: "completed",
        action: { type: "exec", command: ["ls"], env: {} },
      } satisfies ItemOf<"local_shell_call">,
      nulls: [],
      means: call({
        callId: "c",
        name: "local_shell",
        arguments: '{"command":["ls"],"type":"exec","env":{}}',
      }),
    },
  ],
  local_shell_call_output: [
    {
      before: [{ type: "local_shell_call", id: "l", call_id: "c", action: { command: ["ls"] } }],
      item: {
        type: "local_shell_call_output",
        id: "l",
        output: "a",
      } satisfies ItemOf<"local_shell_call_output">,
      nulls: ["status", "call_id"],
      means: answers("c", "a"),
    },
  ],
  apply_patch_call: [
    {
      item: {
        type: "apply_patch_call",
        call_id: "c",
        status: "completed",
        operation: { type: "delete_file", path: "a" },
      } satisfies ItemOf<"apply_patch_call">,
      nulls: ["id", "caller"],
      means: call({ callId: "c", name: "apply_patch", arguments: '{"type":"delete_file","path":"a"}' }),
    },
  ],
  apply_patch_call_output: [
    {
      before: [{ type: "apply_patch_call", call_id: "c", operation: { type: "delete_file", path: "a" } }],
      item: {
        type: "apply_patch_call_output",
        call_id: "c",
        status: "failed",
      } satisfies ItemOf<"apply_patch_call_output">,
      nulls: ["id", "caller", "output"],
      means: answers("c", "failed"),
    },
  ],
  computer_call: [
    {
      item: {
        type: "computer_call",
        id: "i",
        call_id: "c",
        pending_safety_checks: [],
        status: "completed",
      } satisfies ItemOf<"computer_call">,
      nulls: ["action", "actions"],
      means: call({ callId: "c", name: "computer", arguments: "{}" }),
    },
  ],
  computer_call_output: [
    {
      before: [{ type: "computer_call", id: "i", call_id: "c" }],
      item: {
        type: "computer_call_output",
        call_id: "c",
        output: { type: "computer_screenshot" },
      } satisfies ItemOf<"computer_call_output">,
      nulls: ["id", "acknowledged_safety_checks", "status"],
      means: answers("c", "(a screenshot)"),
    },
  ],
  tool_search_call: [
    {
      item: { type: "tool_search_call", arguments: { query: "q" } } satisfies ItemOf<"tool_search_call">,
      nulls: ["id", "call_id", "execution", "status"],
      means: did("tool_search", { arguments: '{"query":"q"}' }),
    },
  ],
  tool_search_output: [
    {
      item: { type: "tool_search_output", tools: [] } satisfies ItemOf<"tool_search_output">,
      nulls: ["id", "call_id", "execution", "status"],
      means: did("tool_search_output", {}),
    },
  ],
  program: [
    {
      item: {
        type: "program",
        id: "p",
        call_id: "c",
        code: "1",
        fingerprint: "f",
      } satisfies ItemOf<"program">,
      nulls: [],
      means: did("program", { arguments: '{"code":"1"}' }),
    },
  ],
  program_output: [
    {
      item: {
        type: "program_output",
        id: "p",
        call_id: "c",
        result: "1",
        status: "completed",
      } satisfies ItemOf<"program_output">,
      nulls: [],
      means: did("program_output", { output: "1" }),
    },
  ],
  file_search_call: [
    {
      item: {
        type: "file_search_call",
        id: "f",
        queries: ["q"],
        status: "completed",
      } satisfies ItemOf<"file_search_call">,
      nulls: ["results"],
      means: did("file_search", { arguments: '{"queries":["q"]}', output: "" }),
    },
  ],
  code_interpreter_call: [
    {
      item: {
        type: "code_interpreter_call",
        id: "i",
        code: null,
        container_id: "x",
        outputs: null,
        status: "completed",
      } satisfies ItemOf<"code_interpreter_call">,
      nulls: ["code", "outputs"],
      means: did("code_interpreter", { arguments: '{"code":""}' }),
    },
  ],
  image_generation_call: [
    {
      item: {
        type: "image_generation_call",
        id: "i",
        result: "QUJD",
        status: "completed",
      } satisfies ItemOf<"image_generation_call">,
      nulls: ["revised_prompt", "action", "size"],
      means: did("image_generation", { output: "(an image)" }),
    },
  ],
  mcp_list_tools: [
    {
      item: {
        type: "mcp_list_tools",
        id: "l",
        server_label: "s",
        tools: [{ name: "n", input_schema: {} }],
      } satisfies ItemOf<"mcp_list_tools">,
      nulls: ["error"],
      means: did("mcp_list_tools", { output: "n" }),
    },
    {
      item: {
        type: "mcp_list_tools",
        id: "l",
        server_label: "s",
        tools: [],
        error: "not there",
      } satisfies ItemOf<"mcp_list_tools">,
      nulls: ["error"],
      means: did("mcp_list_tools", { error: "not there", status: "failed" }),
    },
  ],
  mcp_approval_request: [
    {
      item: {
        type: "mcp_approval_request",
        id: "a",
        arguments: "{}",
        name: "n",
        server_label: "s",
      } satisfies ItemOf<"mcp_approval_request">,
      nulls: [],
      means: did("mcp_approval_request", {}),
    },
  ],
  mcp_approval_response: [
    {
      item: {
        type: "mcp_approval_response",
        approval_request_id: "a",
        approve: false,
      } satisfies ItemOf<"mcp_approval_response">,
      nulls: ["id", "reason"],
      means: did("mcp_approval_response", { output: "refused" }),
    },
  ],
}

/** Only the beta of the API has them. */
const betaCases: Record<"agent_message" | "multi_agent_call" | "multi_agent_call_output", readonly Case[]> = {
  agent_message: [
    {
      item: {
        type: "agent_message",
        author: "a",
        recipient: "b",
        content: [
          { type: "input_text", text: "done" },
          { type: "encrypted_content", encrypted_content: "x" },
        ],
      } satisfies BetaItemOf<"agent_message">,
      nulls: ["id", "agent"],
      means: did("agent_message", {
        arguments: '{"author":"a","recipient":"b"}',
        output: "done\n(encrypted_content)",
      }),
    },
  ],
  multi_agent_call: [
    {
      item: {
        type: "multi_agent_call",
        action: "send_message",
        arguments: "{}",
        call_id: "c",
      } satisfies BetaItemOf<"multi_agent_call">,
      nulls: ["id", "agent"],
      means: did("multi_agent", { arguments: '{"action":"send_message","arguments":"{}"}' }),
    },
  ],
  multi_agent_call_output: [
    {
      item: {
        type: "multi_agent_call_output",
        action: "wait_agent",
        call_id: "c",
        output: [{ type: "output_text", text: "ready" }],
      } satisfies BetaItemOf<"multi_agent_call_output">,
      nulls: ["id", "agent"],
      means: did("multi_agent_call_output", { arguments: '{"action":"wait_agent"}', output: "ready" }),
    },
  ],
}

const table = Object.entries({ ...cases, ...betaCases }).flatMap(([type, list]) =>
  list.map((entry) => ({ type, ...entry })),
)

describe.each(table)("an item of the type $type in an input", ({ item, nulls, before = [], means }) => {
  it("is read with only what the API requires of it, whatever else is left out or null", () => {
    fc.assert(
      fc.property(fc.subarray([...nulls]), (names) => {
        const given = { ...item, ...Object.fromEntries(names.map((name) => [name, null])) }
        const { turn } = parseResponsesRequest({
          input: [...before, given, { role: "user", content: "go on" }],
        })
        const read = turn.input[before.length]
        // What is null stands for what is absent: only some texts of a minimal item go with it.
        expect(read).toMatchObject(names.length === 0 ? means : { type: means.type ?? read?.type })
        expect(turn.input).toHaveLength(before.length + 2)
      }),
      { numRuns: 20, examples: [[[]], [[...nulls]]] },
    )
  })
})

describe("what a history has that is no history", () => {
  const ask = (item: Wire) =>
    parseResponsesRequest({ reasoning: { effort: "low" }, input: [item, { role: "user", content: "x" }] })

  it("sets effort and format from there on", () => {
    const { turn } = ask({
      type: "configuration_update",
      reasoning: { effort: "high" },
      text: { format: { type: "json_object" } },
    })
    expect(turn).toMatchObject({ effort: "high", outputSchema: { type: "object" } })
    expect(turn.echo).toMatchObject({ reasoning: { effort: "low" } })
  })

  it("names tools that come in the input as left out", () => {
    expect(ask({ type: "additional_tools", role: "developer", tools: [] }).advisory).toContain(
      "input.additional_tools",
    )
  })

  it.each<[string, Wire, readonly string[]]>([
    [
      "a compaction of another service's",
      { type: "compaction", encrypted_content: "gAAAAABp" },
      ["input.compaction.encrypted_content"],
    ],
    ["a compaction of ours", { type: "compaction", encrypted_content: "aap1.eA" }, []],
    [
      "encrypted reasoning",
      { type: "reasoning", summary: [], encrypted_content: "x" },
      ["input.reasoning.encrypted_content"],
    ],
    ["reasoning with its summary alone", { type: "reasoning", summary: [], encrypted_content: null }, []],
    [
      "a picture that was made",
      { type: "image_generation_call", result: "QUJD" },
      ["input.image_generation_call.result"],
    ],
    [
      "a picture that code has made",
      { type: "code_interpreter_call", outputs: [{ type: "image", url: "x" }] },
      ["input.code_interpreter_call.outputs"],
    ],
    [
      "text that code has printed",
      { type: "code_interpreter_call", outputs: [{ type: "logs", logs: "x" }] },
      [],
    ],
    [
      "sources of a search",
      { type: "web_search_call", action: { query: "x", sources: [{ type: "url", url: "x" }] } },
      ["input.web_search_call.action.sources"],
    ],
    [
      "an encrypted message between agents",
      {
        type: "agent_message",
        author: "a",
        recipient: "b",
        content: [{ type: "encrypted_content", encrypted_content: "x" }],
      },
      ["input.agent_message.content"],
    ],
  ])("names what is not told of %s", (_what, item, names) => {
    expect(ask(item).advisory).toEqual(names)
  })

  it("may come with tools that the agent does without, which are named", () => {
    const { turn, advisory } = parseResponsesRequest({
      input: "x",
      tools: [
        { type: "web_search" },
        { type: "function", name: "f" },
        { type: "namespace", name: "n", description: "", tools: [] },
        { type: "web_search_preview_2025_03_11" },
        { type: "tool_search" },
      ],
    })
    expect(turn.tools.map(({ name }) => name)).toEqual(["f"])
    expect(turn.echo.tools).toHaveLength(1)
    expect(advisory).toEqual([
      "tools.web_search",
      "tools.namespace",
      "tools.web_search_preview_2025_03_11",
      "tools.tool_search",
    ])
    const chat = { messages: [{ role: "user", content: "x" }], web_search_options: {} }
    expect(parseChatRequest(chat).advisory).toEqual(["web_search_options"])
  })

  it.each([
    ["a trigger of compaction", { type: "compaction_trigger" }, "input[0].type", /responses\/compact/],
    ["a type that nobody knows", { type: "thought" }, "input[0].type", /Supported values/],
    [
      "an output of no known call",
      { type: "function_call_output", name: "f", output: "" },
      "input[0].call_id",
      /Missing/,
    ],
    ["a prototype's name", { type: "constructor" }, "input[0].type", /Supported values/],
  ])("refuses %s by name", (_what, item, param, message) => {
    expect(() => ask(item)).toThrow(
      expect.objectContaining({ param, message: expect.stringMatching(message) }),
    )
  })
})

describe("a message of a chat with only what the API requires of it, and with nulls", () => {
  const calls = [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }]
  it.each<{ what: string; message: Wire; nulls: readonly string[]; before?: readonly Wire[] }>([
    { what: "developer", message: { role: "developer", content: "x" }, nulls: ["name"] },
    { what: "user", message: { role: "user", content: "x" }, nulls: ["name"] },
    {
      what: "assistant",
      message: { role: "assistant", content: "x" },
      nulls: ["name", "refusal", "audio", "tool_calls", "function_call", "annotations", "reasoning_content"],
    },
    { what: "empty assistant", message: { role: "assistant", content: [] }, nulls: ["tool_calls"] },
    {
      what: "calling assistant",
      message: { role: "assistant", tool_calls: calls },
      nulls: ["content", "refusal", "function_call"],
    },
    {
      what: "tool",
      message: { role: "tool", tool_call_id: "c", content: "x" },
      nulls: ["name", "content"],
      before: [{ role: "assistant", tool_calls: calls }],
    },
    {
      what: "empty tool",
      message: { role: "tool", tool_call_id: "c", content: [] },
      nulls: [],
      before: [{ role: "assistant", tool_calls: calls }],
    },
  ])("passes: $what", ({ message, nulls, before = [] }) => {
    const messages = [{ role: "user", content: "a" }, ...before]
    for (const names of [[], nulls]) {
      const given = { ...message, ...Object.fromEntries(names.map((name) => [name, null])) }
      const after =
        message.role === "assistant" && "tool_calls" in message
          ? [{ role: "tool", tool_call_id: "c", content: "" }]
          : []
      expect(() =>
        parseChatRequest({ messages: [...messages, given, ...after, { role: "user", content: "b" }] }),
      ).not.toThrow()
    }
  })
})
