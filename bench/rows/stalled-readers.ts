import { once } from "node:events"
import { Agent, type ClientRequest, request } from "node:http"
import { setTimeout as delay } from "node:timers/promises"
import type { BenchContext } from "../bench-context.ts"
import type { Measurement } from "../measurement.ts"
import { hasMemoryFigures, peakMb, resetPeak, residentMb } from "../support/memory.ts"
import { type ServiceProcess, startDaemon } from "../support/service-process.ts"
import { streamTurn } from "../support/sse-request.ts"

/** An answer of four million characters. */
const prompt = "deltas=512 size=8192"
const readers = 8
const settleMs = 1500

/** Clients that ask for a long stored answer and read nothing of it: what each of them keeps in the service's memory. */
export function measureStalledReaders({ installation, newFolder, isQuick }: BenchContext): Measurement[] {
  return [
    {
      rounds: isQuick ? 1 : 7,
      warmUps: 0,
      openReference: null,
      openBuild: async (build) => ({
        measure: async () => {
          if (!hasMemoryFigures) return {}
          const folder = await newFolder("daemon")
          const service = await startDaemon(build, { folder, cli: installation.appServerStub })
          try {
            return { growthMb: await growth(service) }
          } finally {
            await service.stop()
          }
        },
        stop: async () => {},
      }),
      rows: [
        {
          name: `${readers} readers of a stored answer of 4 MB that stall, growth of memory`,
          unit: "MB",
          figure: "growthMb",
          goalOf: "figure",
          goal: { atMost: 32 },
          note: hasMemoryFigures ? "each in a process of its own" : "needs Linux",
        },
      ],
    },
  ]
}

async function growth(service: ServiceProcess): Promise<number> {
  const agent = new Agent()
  const { responseId } = await streamTurn(service, prompt, { agent })
  agent.destroy()
  if (responseId === null) throw new Error("the stream named no response")
  await delay(settleMs)
  const beforeMb = residentMb(service.pid)
  resetPeak(service.pid)
  const stalled = await Promise.all(
    Array.from({ length: readers }, () => askAndStall(service, `/v1/responses/${responseId}`)),
  )
  await delay(settleMs)
  const peak = peakMb(service.pid)
  for (const outgoing of stalled) outgoing.destroy()
  return peak - beforeMb
}

/** Resolves when the head of the answer is there; nothing of its body is read beyond what the sockets hold. */
async function askAndStall({ port, key }: ServiceProcess, path: string): Promise<ClientRequest> {
  const headers = key === null ? {} : { authorization: `Bearer ${key}` }
  const outgoing = request({ host: "127.0.0.1", port, path, agent: false, headers })
  outgoing.end()
  const [incoming] = await once(outgoing, "response")
  incoming.pause()
  outgoing.on("error", () => {})
  incoming.on("error", () => {})
  if (incoming.statusCode !== 200) throw new Error(`status ${incoming.statusCode}`)
  return outgoing
}
