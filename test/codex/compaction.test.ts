import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { developerTextOf } from "../model-server/request-readers.ts"
import { startTestService, type TestService } from "../support/test-service.ts"

let service: TestService

beforeEach(async () => {
  service = await startTestService()
  // Each conversation is summed up before what follows a request of more tokens than this.
  const config = join(service.codex.home, "config.toml")
  await writeFile(config, `model_auto_compact_token_limit = 20000\n${await readFile(config, "utf8")}`)
  await service.restart()
})

afterEach(() => service.stop())

const said = (role: "user" | "developer", content: string) => ({ role, content })
const long = "[[usage:30000:0:100]]"

/** Of each request since the last time, but for the summaries: how often each word is in what developers say. */
function heard(...words: readonly string[]): readonly (readonly number[])[] {
  const requests = service.model.requests.filter(
    ({ body }) => !JSON.stringify(body.input).includes("CONTEXT CHECKPOINT"),
  )
  const counts = requests.map((request) =>
    words.map((word) => developerTextOf(request).split(word).length - 1),
  )
  service.model.clearRequests()
  return counts
}

describe("what developers have said, once codex has summed the conversation up", () => {
  it("is told again with the next turn where that is within a turn, once, with what has changed", async () => {
    const input = [said("user", "hi"), said("developer", "Answer in French."), said("user", "[[say:salut]]")]
    const first = await service.client.responses.create({ model: "manager", input })
    const second = await service.client.responses.create({
      model: "manager",
      instructions: "Be long.",
      previous_response_id: first.id,
      input: [said("developer", "Mention no names."), said("user", `${long}[[shell:true]][[say:over]]`)],
    })
    heard()
    const stream = service.client.responses.stream({
      model: "manager",
      instructions: "Be long.",
      previous_response_id: second.id,
      input: [said("developer", "Be polite."), said("user", "[[usage:500:0:7]][[shell:true]][[say:over]]")],
    })
    expect((await stream.finalResponse()).output_text).toBe("over")
    const all = ["Answer in French.", "Mention no names.", "Be long.", "Be polite."]
    expect(heard(...all)).toEqual([
      [1, 1, 1, 1],
      [1, 1, 1, 1],
    ])
  })

  it("is told again with the next turn where that is before a turn, in chat as well", async () => {
    const { completions } = service.client.chat
    const system = { role: "system", content: "Answer in French." } as const
    const begin = [
      { role: "user", content: "hi" },
      { role: "assistant", content: "This is what was said." },
      system,
    ] as const
    const messages = [
      ...begin,
      { role: "user", content: `${long}[[say:salut, c'est une longue histoire]]` } as const,
    ]
    await completions.create({ model: "manager", messages })
    const next = [
      ...messages,
      { role: "assistant", content: "salut, c'est une longue histoire" } as const,
      { role: "user", content: "[[usage:500:0:7]][[say:well, here we go again]]" } as const,
    ]
    const { choices } = await completions.create({ model: "manager", messages: next })
    expect(choices[0]?.message.content).toBe("well, here we go again")
    heard()
    const last = [
      ...next,
      { role: "assistant", content: "well, here we go again" } as const,
      { role: "user", content: "[[usage:500:0:7]][[say:over]]" } as const,
    ]
    for await (const _ of await completions.create({ model: "manager", messages: last, stream: true })) {
      // To its end.
    }
    expect(heard("Answer in French.")).toEqual([[1]])
  })
})
