import type OpenAI from "openai"
import { waitFor } from "../../support/wait-for.ts"
import type { Bench } from "../real-client.ts"
import { equal, includes } from "../support/expect.ts"
import { onePixelPng } from "../support/picture.ts"
import type { ScriptedService } from "../support/scripted-service.ts"
import { answerSchema, weather } from "./forms.ts"

export async function checkResponses(bench: Bench, service: ScriptedService, openai: OpenAI): Promise<void> {
  const name = (what: string) => `Responses: ${what}`
  await bench.check(name("the agent runs a command once, and is gone on with by id"), async () => {
    const before = service.threads().length
    const first = await openai.responses.create({
      model: "manager",
      input: `${service.command("responses")}[[say:It is done.]]`,
    })
    equal([first.output_text, service.ran("responses")], ["It is done.", 1])
    const second = await openai.responses.create({
      model: "manager",
      input: "[[history]]",
      previous_response_id: first.id,
    })
    includes(second.output_text, "It is done.")
    equal(service.threads().length - before, 1)
  })
  await bench.check(name("a stream has its words and its end"), async () => {
    const stream = await openai.responses.create({ model: "manager", input: "[[slow:20]]", stream: true })
    const types: string[] = []
    for await (const event of stream) types.push(event.type)
    equal(types.at(-1), "response.completed")
    const words = types.filter((type) => type === "response.output_text.delta").length
    if (words < 10) throw new Error(`${words} deltas`)
  })
  await bench.check(name("the agent calls a function of the client"), async () => {
    const tools: OpenAI.Responses.Tool[] = [{ type: "function", ...weather, strict: false }]
    const first = await openai.responses.create({
      model: "manager",
      input: '[[tool:weather:{"city":"Paris"}]]',
      tools,
    })
    const call = first.output.find((item) => item.type === "function_call")
    if (call === undefined) throw new Error(JSON.stringify(first.output))
    const second = await openai.responses.create({
      model: "manager",
      previous_response_id: first.id,
      input: [{ type: "function_call_output", call_id: call.call_id, output: "sunny" }],
      tools,
    })
    equal(second.output_text, "Done with tools.")
  })
  await bench.check(name("a picture comes to the agent"), async () => {
    const image_url = `data:image/png;base64,${onePixelPng.toString("base64")}`
    const content: OpenAI.Responses.ResponseInputContent[] = [
      { type: "input_text", text: "[[image]]" },
      { type: "input_image", image_url, detail: "auto" },
    ]
    const answer = await openai.responses.create({ model: "manager", input: [{ role: "user", content }] })
    equal(answer.output_text, `image:image/png:${onePixelPng.length}`)
  })
  await bench.check(name("an answer has the form of a schema"), async () => {
    const answer = await openai.responses.create({
      model: "manager",
      input: "[[schema]]",
      text: { format: { type: "json_schema", name: "answer", schema: answerSchema, strict: true } },
    })
    equal(JSON.parse(answer.output_text), { answer: "yes" })
  })
  await bench.check(name("a turn that fails when it has acted is not run again"), async () => {
    const input = `${service.command("failed-responses")}[[failed:server_error]]`
    const failed = await openai.responses.create({ model: "manager", input }).catch(String)
    equal(service.ran("failed-responses"), 1, String(failed))
  })
  await bench.check(name("who hangs up stops the agent"), async () => {
    const since = Date.now()
    const controller = new AbortController()
    const stream = await openai.responses.create(
      { model: "manager", input: `[[slow:400]]${service.command("late-responses")}`, stream: true },
      { signal: controller.signal },
    )
    for await (const event of stream) if (event.type === "response.output_text.delta") break
    controller.abort()
    await waitFor(() => service.ends(since).includes("cancelled"), {
      what: "the turn to be cancelled",
      timeoutMs: 60_000,
    })
    equal(service.ran("late-responses"), 0)
  })
}
