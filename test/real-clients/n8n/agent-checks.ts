import { randomUUID } from "node:crypto"
import { imagesOf } from "../../model-server/request-readers.ts"
import type { Bench } from "../real-client.ts"
import { equal, includes } from "../support/expect.ts"
import { onePixelPng } from "../support/picture.ts"
import type { ScriptedService } from "../support/scripted-service.ts"
import type { N8n, SayOptions } from "./n8n.ts"
import { type AgentOptions, agentWorkflow } from "./workflows.ts"

/** *AI Agent* with *OpenAI Chat Model*, with *Use Responses API* on or off. */
export async function checkAgent(
  bench: Bench,
  service: ScriptedService,
  n8n: N8n,
  usesResponses: boolean,
): Promise<void> {
  const way = usesResponses ? "agent, Responses" : "agent, chat"
  const name = (what: string) => `${way}: ${what}`
  const recorder = await bench.record(service.url)
  const credentials = await n8n.credentials(way, `${recorder.url}/v1`)
  /** Publishes a workflow, and returns what talks in a chat of it. */
  const chatOf = async (options: Partial<AgentOptions>) => {
    const chat = randomUUID()
    await n8n.publish(agentWorkflow({ chat, credentials, usesResponses, windowLength: 50, ...options }))
    return async (text: string, more?: SayOptions, session: string = chat): Promise<unknown> => {
      const { status, body } = await n8n.say(chat, session, text, more)
      if (status !== 200) throw new Error(`${status}: ${body.slice(0, 300)}`)
      return (JSON.parse(body) as { output?: unknown }).output
    }
  }
  const mark = (what: string) => `${way} ${what}`.replaceAll(/\W+/g, "-")

  await bench.check(name("the agent runs its command once, and its answer is the node's"), async () => {
    const say = await chatOf({})
    equal(await say(`${service.command(mark("one"))}[[then]][[say:It is done.]]`), "It is done.")
    equal(service.ran(mark("one")), 1)
  })
  for (const windowLength of [50, undefined]) {
    const what = `a chat of eight turns stays on one thread, Context Window Length ${windowLength ?? "as it is"}`
    await bench.check(name(what), async () => {
      const say = await chatOf({ windowLength })
      const first = mark(`turns-${windowLength}`)
      service.model.clearRequests()
      // In no other chat here: two that are the same to the letter could not be told apart.
      const said = (turn: number) => `Answer number ${turn} of ${first}.`
      equal(await say(`${service.command(first)}[[then]][[say:${said(1)}]]`), said(1))
      for (let turn = 2; turn < 8; turn += 1) equal(await say(`[[say:${said(turn)}]]`), said(turn))
      // What n8n's memory has cut off is still there for the agent.
      includes(String(await say("[[history]]")), said(1))
      equal({ threads: service.threads().length, ran: service.ran(first) }, { threads: 1, ran: 1 })
    })
  }
  await bench.check(name("the agent calls a tool of n8n's, and goes on in the next turn"), async () => {
    const say = await chatOf({})
    service.model.clearRequests()
    const text = `${service.command(mark("tool"))}[[then]][[tool:Calculator:{"input":"6*111"}]][[then]][[say:Told.]]`
    equal(await say(text), "Told.")
    includes(JSON.stringify(service.model.requests.at(-1)?.body.input), "666")
    equal(await say("[[say:And on.]]"), "And on.")
    equal({ threads: service.threads().length, ran: service.ran(mark("tool")) }, { threads: 1, ran: 1 })
  })
  await bench.check(
    name("an answer has the form of a Structured Output Parser, and the chat goes on"),
    async () => {
      const say = await chatOf({ hasForm: true })
      service.model.clearRequests()
      const answer = (text: string) => `[[tool:format_final_json_response:{"output":{"answer":"${text}"}}]]`
      equal(await say(`${service.command(mark("form"))}[[then]]${answer("yes")}`), { answer: "yes" })
      equal(await say(answer("no")), { answer: "no" })
      equal({ threads: service.threads().length, ran: service.ran(mark("form")) }, { threads: 1, ran: 1 })
    },
  )
  await bench.check(name("a picture comes to the agent"), async () => {
    const say = await chatOf({})
    service.model.clearRequests()
    // n8n sends it as a message of its own, behind the text: the scripted model answers that one.
    equal(await say("What is it?", { picture: onePixelPng }), "Done.")
    equal(service.model.requests.flatMap(imagesOf).length, 1)
  })
  await bench.check(
    name("a turn that fails is told, and asked once, whatever Max Retries says"),
    async () => {
      for (const options of [{}, { maxRetries: 5 }]) {
        const say = await chatOf({ options })
        const failed = mark(`failed-${Object.keys(options)}`)
        recorder.clear()
        const told = await say(`${service.command(failed)}[[then]][[status:400]]`).catch(String)
        includes(String(told), "500")
        equal({ posts: recorder.bodies().length, ran: service.ran(failed) }, { posts: 1, ran: 1 })
      }
    },
  )
  await bench.check(name("a service that is away is asked once, whatever Max Retries says"), async () => {
    const away = await bench.record("http://127.0.0.1:9")
    const lost = await n8n.credentials(`${way}, away`, `${away.url}/v1`)
    const say = await chatOf({ options: { maxRetries: 5 }, credentials: lost })
    includes(String(await say("[[say:Here.]]").catch(String)), "500")
    equal(away.requests.length, 1)
    away.close()
  })
  await bench.check(name("X-Session-Id of an expression: each chat has a thread of its own"), async () => {
    const header = { name: "X-Session-Id", value: "={{ $json.sessionId }}" }
    const named = await n8n.credentials(`${way}, header`, `${recorder.url}/v1`, header)
    // Without a memory of n8n's, so that nothing else tells where a message belongs.
    const say = await chatOf({ windowLength: null, credentials: named })
    service.model.clearRequests()
    for (const session of ["a", "b"]) await say(`[[say:Hello ${session}.]]`, {}, mark(session))
    for (const session of ["a", "b"])
      includes(String(await say("[[history]]", {}, mark(session))), `Hello ${session}.`)
    equal(service.threads().length, 2)
  })
  recorder.close()
}
