import { Agent } from "node:http"
import type { BenchContext } from "../bench-context.ts"
import type { Measurement } from "../measurement.ts"
import { medianOf } from "../support/median-of.ts"
import { RawExecProcess } from "../support/raw-exec-process.ts"
import { startDaemon } from "../support/service-process.ts"
import { streamTurn } from "../support/sse-request.ts"

const turnsARound = 8
const args = ["exec", "--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "Hi."]

/** A CLI that knows `exec` only and lives for a millisecond: by hand from a small process, and through the service. */
export function measureColdExec({ installation, newFolder, isQuick }: BenchContext): Measurement[] {
  const { execStub, rawExec } = installation
  return [
    {
      rounds: isQuick ? 6 : 50,
      warmUps: isQuick ? 1 : 6,
      openReference: async () => {
        const raw = new RawExecProcess(rawExec, [execStub, ...args], {
          cwd: await newFolder("exec"),
          env: process.env,
        })
        const run = async (): Promise<number> => (await raw.run()).totalMs
        return { measure: async () => ({ ms: await medianOf(turnsARound, run) }), stop: () => raw.stop() }
      },
      openBuild: async (build) => {
        const service = await startDaemon(build, { folder: await newFolder("daemon"), cli: execStub })
        const agent = new Agent({ keepAlive: true, maxSockets: 1 })
        const turn = async (): Promise<number> => (await streamTurn(service, "Hi.", { agent })).totalMs
        return {
          measure: async () => ({ ms: await medianOf(turnsARound, turn) }),
          stop: async () => {
            agent.destroy()
            await service.stop()
          },
        }
      },
      rows: [
        {
          name: "Cold codex exec turn, to raw `codex exec`",
          unit: "ms",
          figure: "ms",
          goalOf: "ratio",
          goal: { atMost: 2 },
          note: "against the raw CLI",
        },
      ],
    },
  ]
}
