import { expect, it, vi } from "vitest"
import { describeOnEachCli } from "../support/cli-service.ts"
import { offeredTools } from "../support/offered-names.ts"

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

/** A schema as text: no program in JavaScript could write it of values. */
const parameters =
  '{"type":"object","properties":{"id":{"type":"integer","enum":[9007199254740993,9007199254740995]},' +
  '"kind":{"const":12345678901234567},"size":{"type":"integer","minimum":-9007199254740993,"exclusiveMaximum":9007199254740993,"default":9007199254740991}},' +
  '"required":["id"],"additionalProperties":false}'
const long = ["9007199254740993", "9007199254740995", "12345678901234567"]
const words = ["const", "enum", "exclusiveMaximum", "minimum"]
// gemini checks it, too, as rounded.
const args = '{"id":9007199254740993,"kind":12345678901234567,"size":9007199254740990}'
/** What can be compared still is. */
const wrong = '{"id":9007199254740980}'
const answer =
  '{"type":"object","properties":{"id":{"type":"integer","enum":[9007199254740993]}},"required":["id"],"additionalProperties":false}'

describeOnEachCli("numbers that JavaScript rounds, in a client's schemas,", (cli, service) => {
  async function post(
    path: string,
    body: string,
  ): Promise<{ status: number; advisory: string[]; text: string }> {
    const response = await service().fetch(`${service().url}/v1/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    })
    const named = response.headers.get("x-advisory-parameters") ?? ""
    return {
      status: response.status,
      advisory: named === "" ? [] : named.split(", ").sort(),
      text: await response.text(),
    }
  }
  const tool = `"name":"look_up","description":"Looks up","parameters":${parameters}`
  const bodyOf = (
    api: "responses" | "chat/completions",
    input: string,
    stream: boolean,
    previous?: string,
  ) => {
    const said = JSON.stringify(input)
    return api === "responses"
      ? `{"model":"manager","stream":${stream},"input":${said},${previous === undefined ? "" : `"previous_response_id":"${previous}",`}"tools":[{"type":"function",${tool}}]}`
      : `{"model":"manager","stream":${stream},"messages":[{"role":"user","content":${said}}],"tools":[{"type":"function","function":{${tool}}}]}`
  }
  const at = { responses: "tools[0].parameters", "chat/completions": "tools[0].function.parameters" }
  const apis = ["responses", "chat/completions"] as const

  for (const api of apis) {
    it.each([true, false])(
      `are handed on as written, checked and named: ${api} (streams: %s)`,
      async (stream) => {
        service().model.clearRequests()
        const input = `[[tool:look_up:${wrong}]][[then]][[tool:look_up:${args}]][[say:x]] ${api} ${stream}`
        const told = await post(api, bodyOf(api, input, stream))
        expect(told).toMatchObject({ status: 200, advisory: words.map((word) => `${at[api]}.${word}`) })
        // The right one comes through, the wrong one does not.
        expect(told.text).toContain("9007199254740990")
        expect(told.text).not.toContain("9007199254740980")
        if (api === "responses") expect(told.text).toContain('"exclusiveMaximum":9007199254740993')
        expect(offeredTools(service().model).length).toBeGreaterThan(0)
        if (cli === "codex") {
          const seen = service()
            .model.requests.map(({ text }) => text)
            .join("\n")
          for (const number of long) expect(seen).toContain(number)
        }
      },
    )
  }

  it("are what they were in what is stored", async () => {
    const first = await post("responses", bodyOf("responses", "[[say:one]]", false))
    const { id } = JSON.parse(first.text)
    await service().restart()
    const stored = await (await service().fetch(`${service().url}/v1/responses/${id}`)).text()
    expect(stored).toContain('"enum":[9007199254740993,9007199254740995]')
    service().model.clearRequests()
    expect((await post("responses", bodyOf("responses", "[[say:two]]", false, id))).status).toBe(200)
    const seen = service()
      .model.requests.map(({ text }) => text)
      .join("\n")
    if (cli === "codex") for (const number of long) expect(seen).toContain(number)
  })

  it("are handed on as written in the schema of an answer, and named", async () => {
    service().model.clearRequests()
    const format = `"name":"answer","strict":true,"schema":${answer}`
    const input = '[[say:{"id":9007199254740993}]]'
    const told = [
      await post(
        "responses",
        `{"model":"manager","input":${JSON.stringify(input)},"text":{"format":{"type":"json_schema",${format}}}}`,
      ),
      await post(
        "chat/completions",
        `{"model":"manager","messages":[{"role":"user","content":${JSON.stringify(`${input} `)}}],"response_format":{"type":"json_schema","json_schema":{${format}}}}`,
      ),
    ]
    expect(told.map(({ status, advisory }) => [status, advisory])).toEqual([
      [200, ["text.format.schema.enum"]],
      [200, ["response_format.json_schema.schema.enum"]],
    ])
    for (const { text } of told) expect(text).toContain('{\\"id\\":9007199254740993}')
    // claude is a program in JavaScript, and hands the schema on; the others are told it as a text, but for codex.
    const seen = service()
      .model.requests.map(({ text }) => text)
      .join("\n")
    if (cli !== "claude") expect(seen).toContain("[9007199254740993]")
  })

  it("are refused by name where no program can read them", async () => {
    const huge = (text: string) => text.replace("12345678901234567", "1e400")
    const refusal = (where: string) => ({
      status: 400,
      text: expect.stringMatching(new RegExp(`1e400.*${where}|${where}.*1e400`)),
    })
    expect(await post("responses", huge(bodyOf("responses", "x", false)))).toMatchObject(
      refusal("tools\\[0\\]\\.parameters"),
    )
    expect(await post("chat/completions", huge(bodyOf("chat/completions", "x", false)))).toMatchObject(
      refusal("tools\\[0\\]\\.function\\.parameters"),
    )
  })
})
