import { setTimeout } from "node:timers/promises"
import { afterEach, expect, it } from "vitest"
import { startModelServer } from "../model-server/model-server.ts"
import { createAcpHome } from "../support/acp-homes.ts"
import { missingCli, testCli } from "../support/test-clis.ts"
import { startTestService } from "../support/test-service.ts"

const gemini = testCli("gemini")
const cleanUps: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

/**
 * In the minute of the clock in which a session was begun gemini 0.61 does not load it: the conversation would be told again for
 * that. A minute later it loads it, and has forgotten the prompt.
 */
function minuteAfter(): Promise<void> {
  return setTimeout(61_000 - (Date.now() % 60_000))
}

it.skipIf(gemini === null)(
  gemini === null
    ? missingCli("gemini")
    : "a prompt of gemini's that was interrupted is told again, with all before it, also after a restart",
  { timeout: 240_000 },
  async () => {
    const model = await startModelServer()
    cleanUps.push(() => model.close())
    const home = await createAcpHome("gemini", model.url)
    cleanUps.push(() => home.remove())
    const service = await startTestService({ env: home.env })
    cleanUps.push(() => service.stop())
    const settings = { cli: gemini, model: "gemini-2.5-flash" }
    await service.roster.hire({ role: "engineer", name: "gemini", settings })
    const ask = (input: string, previous: string | null = null) =>
      service.client.responses.create({
        model: "engineer_gemini",
        instructions: "Speak like a lighthouse keeper.",
        input,
        previous_response_id: previous,
      })
    const cut = async (input: string, previous: string | null): Promise<string> => {
      let id = ""
      const stream = await service.client.responses.create({
        model: "engineer_gemini",
        instructions: "Speak like a lighthouse keeper.",
        input: `${input} [[slow:2000:50]]`,
        previous_response_id: previous,
        background: true,
        stream: true,
      })
      for await (const event of stream) {
        if (event.type === "response.created") id = event.response.id
        if (event.type === "response.output_text.delta") break
      }
      await service.client.responses.cancel(id)
      return id
    }
    const known = () => JSON.stringify(model.requests.at(-1)?.posted)
    const hears = (...words: string[]) => {
      for (const word of ["lighthouse keeper", ...words]) expect(known()).toContain(word)
    }
    let last = await cut("the very first", null)
    last = (await ask("[[say:one]] second question", last)).id
    hears("the very first", "second question")
    last = await cut("the third", last)
    await minuteAfter()
    await service.restart()
    last = (await ask("[[say:four]] fourth question", last)).id
    hears("the very first", "second question", "the third", "fourth question")
    last = (await ask("[[say:five]]", last)).id
    hears("the very first", "second question", "the third", "fourth question")
  },
)
