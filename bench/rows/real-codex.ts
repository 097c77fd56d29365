import { Agent } from "node:http"
import { type ModelServer, startModelServer } from "../../test/model-server/model-server.ts"
import { codexNativeBinary } from "../../test/support/codex-binary.ts"
import { createCodexHome } from "../../test/support/codex-home.ts"
import type { BenchContext } from "../bench-context.ts"
import type { Measurement } from "../measurement.ts"
import { RawExecProcess } from "../support/raw-exec-process.ts"
import { startDaemon } from "../support/service-process.ts"
import { streamTurn } from "../support/sse-request.ts"

const args = ["exec", "--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "Hi."]

/**
 * The real codex on a scripted model: first content of the next turn of a conversation through the warm service, and of a
 * `codex exec` by hand. A turn that opens a conversation pays for codex's `thread/start` too; it stands in the note.
 */
export function measureRealCodex({ installation, newFolder, isQuick }: BenchContext): Measurement[] {
  // The native program: npm's launcher would make the cold run 100 ms slower, and so our ratio better.
  const binary = codexNativeBinary()
  return [
    {
      rounds: isQuick ? 6 : 15,
      warmUps: 1,
      openReference: async () => {
        const { env, close } = await openHome()
        const command = [binary, ...args]
        const raw = new RawExecProcess(installation.rawExec, command, { cwd: await newFolder("raw"), env })
        return {
          measure: async () => ({ firstMs: (await raw.run()).firstMs }),
          stop: async () => {
            await raw.stop()
            await close()
          },
        }
      },
      openBuild: async (build) => {
        const { env, close } = await openHome()
        const service = await startDaemon(build, { folder: await newFolder("daemon"), cli: binary, env })
        const agent = new Agent({ keepAlive: true, maxSockets: 1 })
        let last = await streamTurn(service, "Hi.", { agent })
        return {
          measure: async () => {
            if (last.responseId === null) throw new Error("the stream named no response")
            last = await streamTurn(service, "Hi.", { agent, previousResponseId: last.responseId })
            const opening = await streamTurn(service, "Hi.", { agent })
            return { firstMs: last.firstMs, openingMs: opening.firstMs }
          },
          stop: async () => {
            agent.destroy()
            await service.stop()
            await close()
          },
        }
      },
      rows: [
        {
          name: "Real codex, warm first content, to cold `codex exec`",
          unit: "ms",
          figure: "firstMs",
          goalOf: "ratio",
          goal: { atMost: 0.35 },
          note: "against the raw CLI",
          also: { figure: "openingMs", name: "the first turn of a conversation" },
        },
      ],
    },
  ]
}

/** A model and a home for each side: nobody waits for another's. */
async function openHome() {
  const model: ModelServer = await startModelServer()
  const codex = await createCodexHome({ modelUrl: model.url })
  return {
    env: codex.env,
    close: async () => {
      await model.close()
      await codex.remove()
    },
  }
}
