import { expect, it } from "vitest"
import { ProxyError } from "../../../src/domain/errors.ts"
import type { FunctionTool } from "../../../src/domain/items.ts"
import { answering, inputOf, userMessage } from "../turn-recording.ts"
import { type Contract, needs } from "./contract.ts"

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

/** Functions of the client. To be called inside the `describe` of the contract. */
export function describeFunctions(contract: Contract): void {
  it("calls a function of the client and goes on with its output", async (context) => {
    needs(context, contract.capabilities.hasFunctions)
    const thread = await contract.open({ tools: [weather] })
    const client = answering((call) => `sunny for ${call.arguments}`)
    const turn = await contract.run(
      thread,
      contract.prompts.call("get_weather", { city: "Oslo" }),
      client.onEvent,
    )
    expect(turn.last.type).toBe("turn.completed")
    expect(client.calls).toHaveLength(1)
    expect(client.calls[0]).toMatchObject({ type: "function_call", name: "get_weather" })
    expect(JSON.parse(client.calls[0]?.arguments ?? "")).toEqual({ city: "Oslo" })
    // A call of the client is told once, and never as something that the agent did by itself.
    expect(turn.items.map((item) => item.type)).not.toContain("tool_call")
    expect(turn.items.map((item) => item.type)).not.toContain("function_call")
  })

  it("calls functions of names that a CLI keeps for itself", async (context) => {
    needs(context, contract.capabilities.hasFunctions)
    // Where a CLI has a model that is offered tools by its name for them.
    needs(context, contract.prompts.silence)
    const names = ["mcp", "exec_command"]
    const thread = await contract.open({ tools: names.map((name) => ({ ...weather, name })) })
    for (const name of names) {
      const client = answering(() => "sunny")
      // What it is called where the agent has, or might have, a tool of that name.
      const asked = contract.prompts.call(`client_${name}`, { city: "Oslo" })
      const turn = await contract.run(thread, asked, client.onEvent)
      expect(turn.last.type).toBe("turn.completed")
      expect(client.calls).toMatchObject([{ type: "function_call", name }])
    }
  })

  it("takes messages that come with the outputs of its calls into the same turn", async (context) => {
    needs(context, contract.capabilities.hasFunctions)
    const thread = await contract.open({ tools: [weather] })
    const told = ["mind the rules", "and the wind"]
    let takes = false
    const turn = await contract.run(
      thread,
      contract.prompts.call("get_weather", { city: "Oslo" }),
      (event, running) => {
        if (event.type !== "function.called") return
        takes = running.addMessages !== undefined
        const answer = async () => {
          await running.addMessages?.([
            userMessage(`${told[0]} ${contract.prompts.say("noted")}`),
            { ...userMessage(told[1] ?? ""), role: "developer" },
          ])
          await running.answer(event.item.callId, [{ type: "text", text: "sunny" }])
        }
        // A failure shows as a turn that never ends; the test's own deadline names it.
        answer().catch(() => {})
      },
    )
    expect(turn.last.type).toBe("turn.completed")
    needs(context, takes)
    needs(context, contract.harness.posted)
    const parts = ["sunny", ...told].map((words) => contract.harness.posted?.().split(words) ?? [])
    expect(parts.map(({ length }) => length)).toEqual([2, 2, 2])
    const places = parts.map(([before = ""]) => before.length)
    expect(places.toSorted((one, other) => one - other)).toEqual(places)
    await contract.run(thread, contract.prompts.say("well"))
    for (const words of told) expect(contract.harness.posted().split(words)).toHaveLength(2)
  })

  it("refuses the answer to a call that is not open", async (context) => {
    needs(context, contract.capabilities.hasFunctions)
    const turn = contract.backend.startTurn(await contract.open(), inputOf(contract.prompts.count(3)))
    await expect(turn.answer("call_nowhere", [])).rejects.toBeInstanceOf(ProxyError)
    for await (const _ of turn.events) {
      // To its end, so that nothing of it runs into the next test.
    }
  })

  it("interrupts a turn that waits for a function of the client", async (context) => {
    needs(context, contract.capabilities.hasFunctions)
    const thread = await contract.open({ tools: [weather] })
    const turn = await contract.run(
      thread,
      contract.prompts.call("get_weather", { city: "Rome" }),
      (event, running) => {
        if (event.type === "function.called") void running.interrupt()
      },
    )
    expect(turn.last.type).toBe("turn.interrupted")
    expect((await contract.run(thread, contract.prompts.say("still here"))).answer).toBe("still here")
  })
}
