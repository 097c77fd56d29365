import { Agent } from "node:http"
import { startModelServer } from "../../test/model-server/model-server.ts"
import { codexNativeBinary } from "../../test/support/codex-binary.ts"
import { createCodexHome } from "../../test/support/codex-home.ts"
import type { BenchContext } from "../bench-context.ts"
import { type Row, ratioRow } from "../result.ts"
import { RawExecProcess } from "../support/raw-exec-process.ts"
import { startDaemon } from "../support/service-process.ts"
import { streamTurn } from "../support/sse-request.ts"
import { median } from "../support/statistics.ts"

/**
 * The real codex on a scripted model: first content of the next turn of a conversation through the warm service, and of a
 * `codex exec` by hand. A turn that opens a conversation pays for codex's `thread/start` too; it stands in the note.
 */
export async function measureRealCodex({ installation, newFolder, isQuick }: BenchContext): Promise<Row[]> {
  const rounds = isQuick ? 4 : 15
  const model = await startModelServer()
  const codex = await createCodexHome({ modelUrl: model.url })
  // The native program: npm's launcher would make the cold run 100 ms slower, and so our ratio better.
  const binary = codexNativeBinary()
  const folder = await newFolder("raw")
  const args = [
    "exec",
    "--json",
    "--skip-git-repo-check",
    "--dangerously-bypass-approvals-and-sandbox",
    "Hi.",
  ]
  const raw = new RawExecProcess(installation.rawExec, [binary, ...args], { cwd: folder, env: codex.env })
  const service = await startDaemon(installation, {
    folder: await newFolder("daemon"),
    cli: binary,
    env: codex.env,
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const coldMs: number[] = []
  const warmMs: number[] = []
  const openingMs: number[] = []
  try {
    let last = await streamTurn(service, "Hi.", { agent })
    await raw.run()
    for (let round = 0; round < rounds; round += 1) {
      coldMs.push((await raw.run()).firstMs)
      if (last.responseId === null) throw new Error("the stream named no response")
      last = await streamTurn(service, "Hi.", { agent, previousResponseId: last.responseId })
      warmMs.push(last.firstMs)
      openingMs.push((await streamTurn(service, "Hi.", { agent })).firstMs)
    }
  } finally {
    agent.destroy()
    await Promise.all([raw.stop(), service.stop()])
    await model.close()
    await codex.remove()
  }
  return [
    ratioRow(
      {
        id: "real-codex",
        name: "Real codex, warm first content, to cold `codex exec`",
        unit: "ms",
        goal: { atMost: 0.35 },
        note: `against the raw CLI; the first turn of a conversation: ${median(openingMs).toFixed(0)} ms`,
      },
      median(warmMs),
      median(coldMs),
    ),
  ]
}
