import OpenAI from "openai"
import { describe, expect, it } from "vitest"
import { startTestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"
import { useClientService } from "./client-service.ts"
import { exchangeFaults } from "./exchange-faults.ts"
import { recordingFetch } from "./recording-fetch.ts"

async function thrownBy(asked: PromiseLike<unknown>): Promise<unknown> {
  try {
    await asked
  } catch (error) {
    return error
  }
  throw new Error("nothing was thrown")
}

describe("openai's error classes", () => {
  const bench = useClientService({ agent: "codex" })
  /** As the library comes: it repeats what it believes can be repeated. */
  const connect = () => new OpenAI({ baseURL: bench.baseUrl, apiKey: "none", fetch: bench.fetch })

  it("BadRequestError names the field and the code", async () => {
    const client = connect()
    const tooHot = await thrownBy(client.responses.create({ model: "manager", input: "hi", temperature: 3 }))
    expect(tooHot).toBeInstanceOf(OpenAI.BadRequestError)
    expect(tooHot).toMatchObject({ param: "temperature", code: "invalid_request" })
    const orphan = await thrownBy(
      client.responses.create({ model: "manager", input: "hi", previous_response_id: "resp_unknown" }),
    )
    expect(orphan).toBeInstanceOf(OpenAI.BadRequestError)
    expect(orphan).toMatchObject({ param: "previous_response_id", code: "previous_response_not_found" })
    expect((await bench.exchanges()).length).toBe(2)
  })

  it("NotFoundError is for responses and models that are not there", async () => {
    const client = connect()
    expect(await thrownBy(client.responses.retrieve("resp_unknown"))).toBeInstanceOf(OpenAI.NotFoundError)
    expect(await thrownBy(client.responses.delete("resp_unknown"))).toBeInstanceOf(OpenAI.NotFoundError)
    const model = await thrownBy(client.models.retrieve("nobody"))
    expect(model).toBeInstanceOf(OpenAI.NotFoundError)
    expect(model).toMatchObject({ code: "model_not_found", requestID: expect.stringMatching(/^req_/) })
  })

  const acted = "[[shell:true]][[then]][[status:400]]"

  it.each(["responses", "chat"] as const)(
    "BadRequestError of a failed turn whose agent had acted is not repeated: it acts once (%s)",
    async (api) => {
      const client = connect()
      const failed = await thrownBy(
        api === "responses"
          ? client.responses.create({ model: "manager", input: acted })
          : client.chat.completions.create({
              model: "manager",
              messages: [{ role: "user", content: acted }],
            }),
      )
      expect(failed).toBeInstanceOf(OpenAI.BadRequestError)
      expect(failed).toMatchObject({ message: expect.stringContaining("after the agent had acted") })
      expect(await bench.exchanges()).toHaveLength(1)
      expect(bench.service.model.requests).toHaveLength(2)
    },
  )

  it("APIError is raised from streams, and the request is not repeated", async () => {
    const client = connect()
    const responses = await thrownBy(
      client.responses.stream({ model: "manager", input: "[[status:400]]" }).finalResponse(),
    )
    expect(responses).toBeInstanceOf(OpenAI.APIError)
    expect(responses).toMatchObject({ code: "model_refused" })
    const chat = await thrownBy(
      client.chat.completions
        .stream({
          model: "manager",
          messages: [{ role: "user", content: "[[shell:true]][[then]][[status:400]]" }],
        })
        .finalContent(),
    )
    expect(chat).toBeInstanceOf(OpenAI.APIError)
    expect(chat).toMatchObject({ code: "model_refused" })
    expect(await bench.exchanges()).toHaveLength(2)
  })
})

it("AuthenticationError is what a wrong key gives, whatever the route", async () => {
  const service = await startTestService({ config: { apiKeys: new Map([["tester", "the-right-key"]]) } })
  const recording = recordingFetch()
  try {
    const options = { baseURL: `${service.url}/v1`, fetch: recording.fetch }
    const stranger = new OpenAI({ ...options, apiKey: "wrong" })
    const refused = [
      () => stranger.models.list(),
      () => stranger.responses.create({ model: "manager", input: "hi", stream: true }),
      () => stranger.chat.completions.create({ model: "manager", messages: [] }),
      () => stranger.responses.retrieve("resp_unknown"),
    ]
    for (const ask of refused) {
      expect(await thrownBy(ask())).toBeInstanceOf(OpenAI.AuthenticationError)
    }
    const known = new OpenAI({ ...options, apiKey: "the-right-key" })
    expect((await known.models.list()).data.map((model) => model.id)).toEqual(["manager"])
    const exchanges = await recording.exchanges()
    expect(exchanges.map((exchange) => exchange.status)).toEqual([401, 401, 401, 401, 200])
    expect(exchanges.flatMap(exchangeFaults)).toEqual([])
  } finally {
    await service.stop()
  }
})

it("RateLimitError of a full service tells when to come back", async () => {
  const service = await startTestService({ limits: { turnsPerAgent: 1 } })
  const recording = recordingFetch()
  const client = new OpenAI({
    baseURL: `${service.url}/v1`,
    apiKey: "none",
    fetch: recording.fetch,
    maxRetries: 0,
  })
  try {
    const stream = client.responses.stream({ model: "manager", input: "[[slow:600:100]]" })
    await stream.emitted("response.output_text.delta")
    const refused = await thrownBy(client.responses.create({ model: "manager", input: "hi" }))
    expect(refused).toBeInstanceOf(OpenAI.RateLimitError)
    if (!(refused instanceof OpenAI.RateLimitError)) throw refused
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1)
    expect(refused.code).toBe("queue_full")
    stream.abort()
    await thrownBy(stream.done())
    const afterwards = await waitFor(
      () => client.responses.create({ model: "manager", input: "[[say:room again]]" }),
      { what: "room in the queue once the client has left" },
    )
    expect(afterwards.output_text).toBe("room again")
    expect((await recording.exchanges()).flatMap(exchangeFaults)).toEqual([])
  } finally {
    await service.stop()
  }
})
