import { Agent } from "node:http"
import type { BenchContext } from "../bench-context.ts"
import { type Row, ratioRow } from "../result.ts"
import { RawExecProcess } from "../support/raw-exec-process.ts"
import { startDaemon } from "../support/service-process.ts"
import { streamTurn } from "../support/sse-request.ts"
import { median } from "../support/statistics.ts"

const fields = {
  id: "cold-exec",
  name: "Cold codex exec turn, to raw `codex exec`",
  unit: "ms",
  goal: { atMost: 2 },
}

/** A CLI that knows `exec` only and lives for a millisecond: by hand from a small process, and through the service. */
export async function measureColdExec({ installation, newFolder, isQuick }: BenchContext): Promise<Row[]> {
  const { execStub, rawExec } = installation
  const rounds = isQuick ? 50 : 400
  const folder = await newFolder("exec")
  const args = [
    "exec",
    "--json",
    "--skip-git-repo-check",
    "--dangerously-bypass-approvals-and-sandbox",
    "Hi.",
  ]
  const raw = new RawExecProcess(rawExec, [execStub, ...args], { cwd: folder, env: process.env })
  const service = await startDaemon(installation, { folder: await newFolder("daemon"), cli: execStub })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const rawMs: number[] = []
  const oursMs: number[] = []
  try {
    for (let round = 0; round < rounds + 50; round += 1) {
      const one = await raw.run()
      const { totalMs } = await streamTurn(service, "Hi.", { agent })
      if (round < 50) continue
      rawMs.push(one.totalMs)
      oursMs.push(totalMs)
    }
  } finally {
    agent.destroy()
    await Promise.all([raw.stop(), service.stop()])
  }
  return [ratioRow({ ...fields, note: "against the raw CLI" }, median(oursMs), median(rawMs))]
}
