import { join } from "node:path"
import { waitFor } from "../../support/wait-for.ts"
import type { Bench } from "../real-client.ts"
import { equal, includes } from "../support/expect.ts"
import type { ScriptedService } from "../support/scripted-service.ts"
import type { Hermes } from "./hermes.ts"

/** So many messages of the person are behind each other when it looks through the chat for what is to be remembered. */
const turns = 10

/** What it asks beside a chat in a terminal: a title, and a look through the chat for its memory. */
export async function checkSideRequests(
  bench: Bench,
  service: ScriptedService,
  hermes: Hermes,
): Promise<void> {
  const { way } = hermes
  const recorder = await bench.record(service.url)
  await hermes.configure(`${recorder.url}/v1`)
  const mark = `${way.name}-side`
  // The words of an answer do not stand in the question, which the terminal shows, too.
  const lines = Array.from({ length: turns }, (_, index) => [
    `${index === 0 ? service.command(mark) : ""}[[slow:4:20]]`,
    "1 2 3 4",
  ])
  service.model.clearRequests()
  const since = Date.now()
  const { command, args = [], ...more } = hermes.program(["chat", "--cli"])
  const terminal = bench.runOn({
    ...more,
    command: hermes.python,
    args: [join(import.meta.dirname, "terminal.py"), JSON.stringify(lines), command, ...args],
  })
  const asked = (words: string) => recorder.requests.filter(({ body }) => body.includes(words)).length
  /** What the agent's model was told when it was asked this. */
  const told = (words: string) =>
    service.model.requests.map(({ body }) => JSON.stringify(body)).find((body) => body.includes(words))
  await bench.check(
    `${way.name}: a chat of ten turns in a terminal; its title and its memory are asked for, and neither acts`,
    async () => {
      const title = "Generate a short, descriptive title"
      const review = "Review the conversation above"
      await waitFor(() => told(title) !== undefined && told(review) !== undefined, {
        what: `a title and a review: ${terminal.output().slice(-500)}`,
        timeoutMs: 150_000,
      })
      for (const words of [title, review]) includes(told(words), "Use no tools, run nothing")
      await waitFor(() => service.ends(since).length >= turns, { what: "all turns", timeoutMs: 20_000 })
      equal(
        {
          turns: service.ends(since).length,
          ran: service.ran(mark),
          titles: asked(title),
          reviews: asked(review),
        },
        { turns, ran: 1, titles: 1, reviews: 1 },
      )
    },
    200_000,
  )
  terminal.end()
  recorder.close()
}
