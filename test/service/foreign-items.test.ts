import type { ChatCompletionMessageParam } from "openai/resources/chat/completions"
import type { ResponseInput } from "openai/resources/responses/responses"
import { expect, it, vi } from "vitest"
import { describeOnEachCli } from "../support/cli-service.ts"
import { askInChat, askInResponses } from "../support/client-functions.ts"

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

/** As another server of the API leaves them in a history, and what of each the model is to read. */
const items: readonly (readonly [item: Readonly<Record<string, unknown>>, ...told: string[]])[] = [
  [{ type: "shell_call", call_id: "c1", action: { commands: ["ls harbour-1"] } }, "harbour-1"],
  [
    {
      type: "shell_call_output",
      call_id: "c1",
      output: [{ stdout: "boats-2", stderr: "fog-3", outcome: { type: "exit", exit_code: 0 } }],
    },
    "boats-2",
    "fog-3",
  ],
  [{ type: "local_shell_call", id: "l", call_id: "c2", action: { command: ["cat", "log-4"] } }, "log-4"],
  [{ type: "local_shell_call_output", id: "l", output: "entry-5" }, "entry-5"],
  [{ type: "custom_tool_call", call_id: "c3", name: "sql", input: "select-6" }, "select-6"],
  [{ type: "custom_tool_call_output", call_id: "c3", output: "row-7" }, "row-7"],
  [{ type: "apply_patch_call", call_id: "c4", operation: { type: "delete_file", path: "path-8" } }, "path-8"],
  [{ type: "apply_patch_call_output", call_id: "c4", status: "failed", output: "denied-9" }, "denied-9"],
  [{ type: "computer_call", call_id: "c5", actions: [{ type: "type", text: "typed-10" }] }, "typed-10"],
  [{ type: "computer_call_output", call_id: "c5", output: { type: "computer_screenshot" } }, "a screenshot"],
  [{ type: "mcp_list_tools", server_label: "label-11", tools: [{ name: "tool-12" }] }, "label-11", "tool-12"],
  [
    { type: "mcp_call", server_label: "s", name: "call-13", arguments: '{"a":"arg-14"}', output: "out-15" },
    "arg-14",
    "out-15",
  ],
  [
    { type: "mcp_approval_request", server_label: "s", name: "wish-16", arguments: '{"a":"why-17"}' },
    "wish-16",
    "why-17",
  ],
  [{ type: "mcp_approval_response", approval_request_id: "a", approve: false, reason: "no-18" }, "no-18"],
  [{ type: "web_search_call", action: { type: "search", query: "tides-19" } }, "tides-19"],
  [
    { type: "file_search_call", queries: ["depth-20"], results: [{ filename: "f", text: "deep-21" }] },
    "depth-20",
    "deep-21",
  ],
  [
    { type: "code_interpreter_call", code: "print-22", outputs: [{ type: "logs", logs: "printed-23" }] },
    "print-22",
    "printed-23",
  ],
  [{ type: "image_generation_call", result: "QUJD", revised_prompt: "a boat-24" }, "boat-24", "an image"],
  [{ type: "tool_search_call", arguments: { query: "search-25" } }, "search-25"],
  [{ type: "tool_search_output", tools: [{ type: "function", name: "found-26" }] }, "found-26"],
  [{ type: "program", code: "program-27" }, "program-27"],
  [{ type: "program_output", result: "result-28" }, "result-28"],
  [{ type: "agent_message", author: "author-29", recipient: "b", content: [] }, "author-29"],
  [{ type: "compaction", encrypted_content: "gAAAAABp" }, "Another service made it"],
  [{ type: "reasoning", summary: [], encrypted_content: "secret" }],
]

const leftOut = [
  "input.image_generation_call.result",
  "input.compaction.encrypted_content",
  "input.reasoning.encrypted_content",
]

describeOnEachCli("a history with items of another provider's", (_cli, service) => {
  for (const streams of [false, true]) {
    it(`is told to the model, and what is not is named (streams: ${streams})`, async () => {
      const { client, model, url } = service()
      const asked = `[[say:on ${streams}]]`
      const input = [
        { role: "user", content: "Look around." },
        ...items.map(([item]) => item),
        { role: "assistant", content: "It is a harbour." },
        { role: "user", content: asked },
      ] as unknown as ResponseInput
      model.clearRequests()
      const response = await askInResponses(client, { input, tools: [] }, streams)
      expect([response.status, response.output_text]).toEqual(["completed", `on ${streams}`])
      const told = model.requests.map(({ body }) => JSON.stringify(body.input)).join("\n")
      for (const text of items.flatMap(([, ...texts]) => texts)) expect(told).toContain(text)

      const answer = await service().fetch(`${url}/v1/responses`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ model: "manager", input, stream: streams, store: false }),
      })
      await answer.text()
      expect([answer.status, answer.headers.get("x-advisory-parameters")]).toEqual([200, leftOut.join(", ")])
    })

    it(`of a chat has calls of tools that take text (streams: ${streams})`, async () => {
      const { client, model } = service()
      const messages: ChatCompletionMessageParam[] = [
        { role: "user", content: "Look it up." },
        {
          role: "assistant",
          tool_calls: [{ id: "c1", type: "custom", custom: { name: "sql", input: "select-1" } }],
        },
        { role: "tool", tool_call_id: "c1", content: "row-2" },
        { role: "assistant", content: "There is one row." },
        { role: "user", content: `[[say:chat ${streams}]]` },
      ]
      model.clearRequests()
      const chat = await askInChat(client, messages, streams, [])
      expect(chat.choices[0]?.message.content).toBe(`chat ${streams}`)
      const told = model.requests.map(({ body }) => JSON.stringify(body.input)).join("\n")
      for (const text of ["select-1", "row-2"]) expect(told).toContain(text)
    })
  }

  it("may declare the server of the agent's own tools", async () => {
    const { client } = service()
    const first = await client.responses.create({ model: "manager", input: "[[shell:echo hi]][[say:ran]]" })
    const ran = first.output.find((item) => item.type === "mcp_call")
    if (ran === undefined) throw new Error("nothing ran")
    const tools = [{ type: "mcp" as const, server_label: ran.server_label }]
    const input = [
      { role: "user" as const, content: "Say hi." },
      ran,
      { role: "user" as const, content: "[[say:declared]]" },
    ]
    for (const body of [{ input }, { input: "[[say:declared]]", previous_response_id: first.id }]) {
      const { data, response } = await client.responses
        .create({ model: "manager", tools, ...body })
        .withResponse()
      expect([data.output_text, response.headers.get("x-advisory-parameters")]).toEqual(["declared", null])
    }
    const others = await client.responses
      .create({ model: "manager", tools: [{ type: "mcp", server_label: "others" }], input: "[[say:x]]" })
      .withResponse()
    expect(others.response.headers.get("x-advisory-parameters")).toBe("tools.mcp")
  })
})
