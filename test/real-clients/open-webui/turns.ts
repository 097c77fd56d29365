import { imagesOf } from "../../model-server/request-readers.ts"
import { waitFor } from "../../support/wait-for.ts"
import type { Bench } from "../real-client.ts"
import { equal, includes } from "../support/expect.ts"
import { onePixelPng } from "../support/picture.ts"
import type { RecordingProxy } from "../support/recording-proxy.ts"
import type { ScriptedService } from "../support/scripted-service.ts"
import { OpenWebUiChat } from "./chat.ts"
import { answerMs, type OpenWebUi } from "./server.ts"

export interface Checked {
  readonly bench: Bench
  readonly service: ScriptedService
  readonly recorder: RecordingProxy
  readonly webUi: OpenWebUi
  /** Of the connection: a name for the lines. */
  readonly kind: string
}

/** Of the person's function, which Open WebUI runs. */
export const weatherTool = {
  id: "weather",
  name: "Weather",
  meta: { description: "The weather" },
  content: `class Tools:
    def get_weather(self, city: str) -> str:
        """
        The weather of a city.
        :param city: The city
        """
        return "sunny in " + city
`,
}

/** A chat of two turns, and what a person does in one: the second turn lies behind what the service did in the first. */
export async function checkTurns({ bench, service, recorder, webUi, kind }: Checked): Promise<void> {
  const markOf = (what: string) => `${kind}-${what}`.replaceAll(/\W+/g, "-")
  const check = (what: string, work: (chat: OpenWebUiChat, mark: string) => Promise<void>, name: string) =>
    bench.check(
      `${kind}: ${what}`,
      async () => {
        service.model.clearRequests()
        recorder.clear()
        await work(new OpenWebUiChat(webUi), markOf(name))
      },
      2 * answerMs,
    )
  const given = () => JSON.stringify(service.model.requests.at(-1)?.body.input)
  /** The agent has its command, and what came of it, in the thread in which it answers. */
  const remembers = (mark: string) => {
    includes(given(), "function_call_output")
    equal(service.ran(mark), 1)
  }

  await check(
    "a chat with its title, tags and follow-ups runs its command once",
    async (chat, mark) => {
      const since = Date.now()
      const text = `${service.command(mark)}[[then]][[say:It is done.]]`
      equal(await chat.ask(text, { isWithSideRequests: true }), "It is done.")
      const asked = () => recorder.bodies().map((body) => JSON.stringify(body))
      const hasAsked = (key: string) =>
        asked().some((body) => body.includes(`\\\\\\"${key}\\\\\\"`) || body.includes(`\\"${key}\\"`))
      await waitFor(() => ["title", "tags", "follow_ups"].every(hasAsked), {
        what: `the side requests: ${asked().length} requests came`,
        timeoutMs: answerMs,
        intervalMs: 200,
      })
      await waitFor(() => recorder.requests.every(({ status }) => status !== null), {
        what: "the answers",
        timeoutMs: answerMs,
      })
      equal({ ran: service.ran(mark), turns: service.ends(since).length }, { ran: 1, turns: 1 })
    },
    "side",
  )
  await check(
    "Stop ends the agent's turn, and the chat goes on behind it",
    async (chat, mark) => {
      const since = Date.now()
      const late = `${mark}-late`
      await chat.send(`${service.command(mark)}[[then]][[slow:2000]]${service.command(late)}`)
      await chat.stopAt("3 4")
      await waitFor(() => service.ends(since).includes("cancelled"), {
        what: "the turn to be cancelled",
        timeoutMs: 20_000,
      })
      equal(await chat.ask("[[say:And on.]]"), "And on.")
      // What was on the page is told to the agent, which itself drops an answer that it was stopped in.
      includes(given(), "1 2 3 4")
      remembers(mark)
      equal(service.ran(late), 0)
    },
    "stop",
  )
  await check(
    "a file in the chat is read in each turn, and the agent remembers what it did",
    async (chat, mark) => {
      const words = `The numbers of ${mark} are read, and none of them is missing.`
      const id = await webUi.upload("numbers.txt", "text/plain", "seven and eleven")
      const attached = [{ type: "file", id, name: "numbers.txt", contentType: "text/plain" }] as const
      const text = `${service.command(mark)}[[then]][[say:${words}]]`
      equal(await chat.ask(text, { attached }), words)
      includes(given(), "seven and eleven")
      includes(await chat.ask("[[history]]"), words)
      const newest = recorder.bodies().findLast(({ stream }) => stream === true)
      includes(JSON.stringify(newest), "<context>")
      includes(given(), "seven and eleven")
      remembers(mark)
    },
    "file",
  )
  await check(
    "a picture comes to the agent, once though the chat goes on",
    async (chat, mark) => {
      const words = `The picture of ${mark} is seen, and it is very small.`
      const id = await webUi.upload("dot.png", "image/png", Buffer.from(onePixelPng))
      const attached = [{ type: "image", id, name: "dot.png", contentType: "image/png" }] as const
      equal(await chat.ask(`${service.command(mark)}[[then]][[say:${words}]]`, { attached }), words)
      includes(await chat.ask("[[history]]"), words)
      const newest = service.model.requests.at(-1)
      equal(newest === undefined ? [] : imagesOf(newest).length, 1)
      remembers(mark)
    },
    "picture",
  )
  await check(
    "a function of Open WebUI is called by the agent (native)",
    async (chat, mark) => {
      const call = '[[tool:get_weather:{"city":"Paris"}]]'
      const text = `${service.command(mark)}[[then]]${call}[[then]][[say:Told.]]`
      equal(await chat.ask(text, { tools: [weatherTool.id] }), "Told.")
      includes(given(), "sunny in Paris")
      equal(service.ran(mark), 1)
    },
    "native",
  )
  await check(
    "functions are chosen beside the chat (legacy), and what was done is not done again",
    async (chat, mark) => {
      const since = Date.now()
      const choice = { tool_calls: [{ name: "get_weather", parameters: { city: "Paris" } }], of: mark }
      const text = `${service.command(mark)}[[then]][[say:${JSON.stringify(choice)}]]`
      const legacy = { functionCalling: "legacy", tools: [weatherTool.id] } as const
      equal(JSON.parse(await chat.ask(text, legacy)), choice)
      includes(given(), "sunny in Paris")
      equal({ ran: service.ran(mark), turns: service.ends(since).length }, { ran: 1, turns: 1 })
      includes(await chat.ask("[[history]]", legacy), mark)
      remembers(mark)
    },
    "legacy",
  )
}
