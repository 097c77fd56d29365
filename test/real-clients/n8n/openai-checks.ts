import { randomUUID } from "node:crypto"
import type { Bench } from "../real-client.ts"
import { equal, includes } from "../support/expect.ts"
import type { ScriptedService } from "../support/scripted-service.ts"
import type { N8n } from "./n8n.ts"
import { backgroundMode, openAiWorkflow } from "./workflows.ts"

/** The *OpenAI* node, *Message a model*, which asks by Responses. */
export async function checkOpenAi(bench: Bench, service: ScriptedService, n8n: N8n): Promise<void> {
  const recorder = await bench.record(service.url)
  const credentials = await n8n.credentials("OpenAI node", `${recorder.url}/v1`)
  const chatOf = async (options: object) => {
    const chat = randomUUID()
    await n8n.publish(openAiWorkflow(chat, credentials, options))
    return (text: string) => n8n.say(chat, chat, text)
  }
  const name = (what: string) => `OpenAI node: ${what}`

  await bench.check(name("the agent runs its command once, and its answer is the node's"), async () => {
    const say = await chatOf({})
    const { body } = await say(`${service.command("openai")}[[then]][[say:It is done.]]`)
    includes(body, '"text":"It is done."')
    equal(service.ran("openai"), 1)
  })
  await bench.check(name("the agent calls a tool of n8n's"), async () => {
    const say = await chatOf({})
    const { body } = await say('[[tool:Calculator:{"input":"6*111"}]][[then]][[say:Told.]]')
    includes(body, '"text":"Told."')
    includes(JSON.stringify(service.model.requests.at(-1)?.body.input), "666")
  })
  await bench.check(name("Background Mode: the answer is asked for until it is there"), async () => {
    recorder.clear()
    const say = await chatOf(backgroundMode)
    const work = `[[shell:sleep 12]]${service.command("background")}[[then]][[say:At last.]]`
    const { body } = await say(work)
    includes(body, '"text":"At last."')
    const gets = recorder.requests.filter(({ method }) => method === "GET").length
    equal({ posts: recorder.bodies().length, ran: service.ran("background") }, { posts: 1, ran: 1 })
    if (gets < 2) throw new Error(`asked ${gets} times`)
  })
  for (const [mode, options] of Object.entries({ "": {}, ", in the background": backgroundMode })) {
    await bench.check(name(`a turn that fails is told, and asked once${mode}`), async () => {
      recorder.clear()
      const mark = `openai-failed${mode}`.replaceAll(/\W+/g, "-")
      const say = await chatOf(options)
      const { status } = await say(`${service.command(mark)}[[then]][[status:400]]`)
      equal(
        { status, posts: recorder.bodies().length, ran: service.ran(mark) },
        { status: 500, posts: 1, ran: 1 },
      )
    })
  }
  recorder.close()
}
