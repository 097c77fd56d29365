import { Agent } from "node:http"
import type { BenchContext } from "../bench-context.ts"
import type { Measurement } from "../measurement.ts"
import { postJson } from "../support/json-request.ts"
import { startDaemon } from "../support/service-process.ts"
import { median } from "../support/statistics.ts"
import { timeOf } from "../support/time-of.ts"

const prompt = "deltas=1 size=16"
const historyChars = 2_000_000
const exchanges = 1000
const requestsARound = 3

/**
 * A chat client sends all of a conversation of 2 MB with each message. The first such request is new here; the next one is
 * recognised, and only its last message goes to the agent.
 */
export function measureLongHistory({ installation, newFolder, isQuick }: BenchContext): Measurement[] {
  return [
    {
      rounds: isQuick ? 6 : 12,
      warmUps: isQuick ? 1 : 2,
      openReference: null,
      openBuild: async (build) => {
        const folder = await newFolder("daemon")
        const service = await startDaemon(build, { folder, cli: installation.appServerStub })
        const agent = new Agent({ keepAlive: true, maxSockets: 1 })
        let conversations = 0
        const path = "/v1/chat/completions"
        const secondTurn = async (): Promise<{ readonly turnMs: number; readonly parseMs: number }> => {
          conversations += 1
          const messages = historyOf(conversations)
          const first = await postJson(service, agent, path, { model: "manager", messages })
          const content = first.choices?.[0]?.message.content
          if (content === undefined) throw new Error("the first turn has no answer")
          const body = {
            model: "manager",
            messages: [...messages, { role: "assistant", content }, { role: "user", content: prompt }],
          }
          const json = JSON.stringify(body)
          const parseMs = await timeOf(async () => JSON.parse(json))
          return { turnMs: await timeOf(() => postJson(service, agent, path, body)), parseMs }
        }
        return {
          measure: async () => {
            const turns = []
            for (let turn = 0; turn < requestsARound; turn += 1) turns.push(await secondTurn())
            return {
              turnMs: median(turns.map(({ turnMs }) => turnMs)),
              parseMs: median(turns.map(({ parseMs }) => parseMs)),
            }
          },
          stop: async () => {
            agent.destroy()
            await service.stop()
          },
        }
      },
      rows: [
        {
          name: "Turn 2 of a chat that resends 2 MB, to the parse of that JSON",
          unit: "ms",
          figure: "turnMs",
          against: "parseMs",
          goalOf: "ratio",
          goal: { atMost: 2 },
          note: "a whole answer of one delta; against JSON.parse of its body in the bench itself",
        },
      ],
    },
  ]
}

/** No two conversations have a message in common. */
function historyOf(conversation: number): { readonly role: string; readonly content: string }[] {
  const text = "some words ".repeat(historyChars / exchanges / 2 / 11)
  const said = Array.from({ length: exchanges }, (_, index) => [
    { role: "user", content: `Question ${index} of ${conversation}: ${text}` },
    { role: "assistant", content: `Answer ${index} of ${conversation}: ${text}` },
  ])
  return [...said.flat(), { role: "user", content: prompt }]
}
