import { Agent } from "node:http"
import { AppServerClient } from "../app-server-client.ts"
import type { BenchContext } from "../bench-context.ts"
import type { Measurement, Side } from "../measurement.ts"
import { medianOf } from "../support/median-of.ts"
import { type ServiceProcess, startBare, startDaemon } from "../support/service-process.ts"
import { streamTurn } from "../support/sse-request.ts"
import { timeOf } from "../support/time-of.ts"

const prompt = "deltas=100 size=16"
const turnsARound = 20

/** What a warm turn in a new thread costs on top of the same turn by hand, which each side measures beside its own. */
export function measureWarmTurn({ installation, newFolder, isQuick }: BenchContext): Measurement[] {
  const { appServerStub } = installation
  const open = async (start: (folder: string) => Promise<ServiceProcess>): Promise<Side> => {
    const folder = await newFolder("raw")
    const service = await start(await newFolder("service"))
    const raw = new AppServerClient(appServerStub, folder, process.env)
    await raw.initialize()
    const agent = new Agent({ keepAlive: true, maxSockets: 8 })
    const addedMs = async (): Promise<number> => {
      const rawMs = await timeOf(() => raw.runTurn(folder, prompt))
      return (await streamTurn(service, prompt, { agent })).totalMs - rawMs
    }
    return {
      measure: async () => ({ addedMs: await medianOf(turnsARound, addedMs) }),
      stop: async () => {
        agent.destroy()
        raw.stop()
        await service.stop()
      },
    }
  }
  return [
    {
      rounds: isQuick ? 6 : 50,
      warmUps: isQuick ? 4 : 20,
      openReference: () => open((folder) => startBare(installation, folder)),
      openBuild: (build) => open((folder) => startDaemon(build, { folder, cli: appServerStub })),
      rows: [
        {
          name: "Warm turn, time added to raw app-server",
          unit: "ms",
          figure: "addedMs",
          goalOf: "ratio",
          goal: { atMost: 2.5 },
          note: "auth and store on; against C's added time",
        },
      ],
    },
  ]
}
