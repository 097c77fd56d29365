import { Agent } from "node:http"
import type { BenchContext } from "../bench-context.ts"
import { type Row, ratioRow } from "../result.ts"
import { type ServiceProcess, startDaemon } from "../support/service-process.ts"
import { streamTurn } from "../support/sse-request.ts"
import { median } from "../support/statistics.ts"

const prompt = "deltas=100 size=16"

/**
 * A conversation over `previous_response_id` is brought to its thousandth turn; then a turn of it and the second one of
 * a new conversation take turns. The second, not the first, because that one opens the thread and costs more.
 */
export async function measureConversation({
  installation,
  newFolder,
  isQuick,
}: BenchContext): Promise<Row[]> {
  const [turns, rounds] = isQuick ? [200, 60] : [1000, 250]
  const service = await startDaemon(installation, {
    folder: await newFolder("daemon"),
    cli: installation.appServerStub,
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const early: number[] = []
  const late: number[] = []
  try {
    let last = await turnAfter(service, agent, null)
    for (let turn = 1; turn < turns; turn += 1) last = await turnAfter(service, agent, last.id)
    for (let round = 0; round < rounds; round += 1) {
      const first = await turnAfter(service, agent, null)
      early.push((await turnAfter(service, agent, first.id)).totalMs)
      last = await turnAfter(service, agent, last.id)
      late.push(last.totalMs)
    }
  } finally {
    agent.destroy()
    await service.stop()
  }
  return [
    ratioRow(
      {
        id: "turn-1000",
        name: `Turn ${turns} of a conversation, to turn 2`,
        unit: "ms",
        goal: { atMost: 1.15 },
        note: "against our own early turn",
      },
      median(late),
      median(early),
    ),
  ]
}

async function turnAfter(
  service: ServiceProcess,
  agent: Agent,
  previous: string | null,
): Promise<{ readonly id: string; readonly totalMs: number }> {
  const { responseId, totalMs } = await streamTurn(service, prompt, {
    agent,
    ...(previous === null ? {} : { previousResponseId: previous }),
  })
  if (responseId === null) throw new Error("the stream named no response")
  return { id: responseId, totalMs }
}
