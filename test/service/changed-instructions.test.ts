import type OpenAI from "openai"
import { afterEach, describe, expect, it } from "vitest"
import { prefixShares } from "../model-server/prefix-share.ts"
import { conversationOf, developerTextOf } from "../model-server/request-readers.ts"
import { startTestService, type TestService } from "../support/test-service.ts"

const services: TestService[] = []

afterEach(async () => {
  for (const service of services.splice(0)) await service.stop()
})

async function start(modelName?: string): Promise<TestService> {
  const service = await startTestService({ ...(modelName !== undefined && { modelName }) })
  services.push(service)
  return service
}

type Tool = OpenAI.Responses.FunctionTool

function tool(name: string): Tool {
  return {
    type: "function",
    name,
    description: name,
    strict: false,
    parameters: { type: "object", properties: {} },
  }
}

function newest({ model }: TestService) {
  const request = model.requests.at(-1)
  if (request === undefined) throw new Error("the model server got no request")
  return request
}

function threadsAsked({ model }: TestService): string[] {
  return model.requests.map((request) => String(request.headers["thread-id"]))
}

const rules = Array.from({ length: 30 }, (_, line) => `Rule ${line} of the house.`).join("\n")

describe.each([["scripted-1"], ["gpt-5.5"], ["gpt-6-sol"]])(
  "instructions that change, with the model %s",
  (name) => {
    it("reach the same codex thread, and leave what its model server knows of it", async () => {
      const service = await start(name)
      const clock = (time: string) => `It is ${time}.\n${rules}`
      let previous: string | null = null
      for (const time of ["10:01", "10:02", "10:03", "10:01"]) {
        const answer: OpenAI.Responses.Response = await service.client.responses.create({
          model: "manager",
          instructions: clock(time),
          input: `[[shell:echo ran-at-${time.replace(":", "-")}]] at ${time}`,
          previous_response_id: previous,
        })
        previous = answer.id
      }
      const told = developerTextOf(newest(service))
      expect(told.match(/It is 10:02\./g)).toHaveLength(1)
      expect(told).toContain("<before>\nIt is 10:01.\n</before>\n<now>\nIt is 10:02.\n</now>")
      expect(told.match(/exactly those that you had at the beginning/g)).toHaveLength(1)
      expect(told.match(/Rule 7 /g)).toHaveLength(1)
      expect(new Set(threadsAsked(service)).size).toBe(1)
      const asked = ["10:01", "10:02", "10:03", "10:01"].map((time) => expect.stringContaining(`at ${time}`))
      expect(
        conversationOf(newest(service))
          .filter(({ role }) => role === "user")
          .map(({ text }) => text),
      ).toEqual(asked)
      const shares = prefixShares(service.model.requests).slice(1)
      expect(Math.min(...shares.map(({ share }) => share))).toBeGreaterThanOrEqual(0.9)
    })
  },
)

describe("functions that change, on codex", () => {
  const ask = async (
    service: TestService,
    previous: string | null,
    input: OpenAI.Responses.ResponseInput | string,
    names: readonly string[],
    instructions = "Be brief.",
  ) =>
    service.client.responses.create({
      model: "manager",
      instructions,
      input,
      previous_response_id: previous,
      tools: names.map(tool),
    })
  const offered = (service: TestService) => {
    const names = ["alpha", "beta", "gamma"]
    const tools = JSON.stringify([newest(service).body.tools, newest(service).body.input[0]])
    return names.filter((name) => tools.includes(name))
  }

  it("stay where one is left out, and are told to a new thread with all that was done where one is new", async () => {
    const service = await start()
    const first = await ask(service, null, "[[shell:echo ran-one]] one", ["alpha", "beta"])
    const less = await ask(service, first.id, "[[tool:beta:{}]] two", ["alpha"])
    expect(less.output.map(({ type }) => type)).toEqual(["message"])
    expect(JSON.stringify(newest(service).body)).toContain("There is no function beta now")
    expect(developerTextOf(newest(service))).toContain("These functions cannot be called now: beta.")
    const again = await ask(service, less.id, "[[tool:beta:{}]] three", ["beta", "alpha"])
    const call = again.output.find((item) => item.type === "function_call")
    expect(call?.name).toBe("beta")
    const output = {
      type: "function_call_output",
      call_id: call?.call_id ?? "",
      output: "beta-gave-this",
    } as const
    const done = await ask(service, again.id, [output], ["beta", "alpha"])
    expect(new Set(threadsAsked(service)).size).toBe(1)
    const more = await ask(service, done.id, "[[say:four]] four", ["alpha", "gamma"])
    expect(more.output_text).toBe("four")
    expect(new Set(threadsAsked(service)).size).toBe(2)
    expect(offered(service)).toEqual(["alpha", "beta", "gamma"])
    const body = JSON.stringify(newest(service).body)
    for (const mark of ["ran-one\\n", "beta-gave-this"]) expect(body.split(mark)).toHaveLength(2)
    await ask(service, more.id, "[[say:five]] five", ["beta"])
    expect(new Set(threadsAsked(service)).size).toBe(2)
  })

  it("are those of the agent that a conversation is handed to, and back, by a call", async () => {
    const service = await start()
    const toB = ["transfer_to_b", "alpha"]
    const toA = ["transfer_to_a", "beta"]
    const handOver = async (
      previous: string | null,
      from: readonly string[],
      to: readonly string[],
      name: string,
    ) => {
      const asked = await ask(
        service,
        previous,
        `[[tool:${from[0]}:{}]][[say:${name} speaks]] hand it over`,
        from,
        `You are ${name === "A" ? "B" : "A"}.`,
      )
      const call = asked.output.find((item) => item.type === "function_call")
      expect(call?.name).toBe(from[0])
      const output = {
        type: "function_call_output",
        call_id: call?.call_id ?? "",
        output: `now ${name}`,
      } as const
      return ask(service, asked.id, [output], to, `You are ${name}.`)
    }
    const b = await handOver(null, toB, toA, "B")
    expect(b.output_text).toBe("B speaks")
    expect(developerTextOf(newest(service))).toContain("You are B.")
    const handed = new Set(threadsAsked(service)).size
    const a = await handOver(b.id, toA, toB, "A")
    expect(a.output_text).toBe("A speaks")
    expect(JSON.stringify(newest(service).body)).toContain("You are A.")
    const b2 = await handOver(a.id, toB, toA, "B")
    expect(b2.output_text).toBe("B speaks")
    expect(new Set(threadsAsked(service)).size).toBe(handed)
    const body = JSON.stringify(newest(service).body)
    expect(body.split("now A")).toHaveLength(2)
    expect(body.split("now B")).toHaveLength(3)
  })
})
