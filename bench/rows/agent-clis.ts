import { spawn } from "node:child_process"
import { once } from "node:events"
import { Agent } from "node:http"
import { startModelServer } from "../../test/model-server/model-server.ts"
import { createAcpHome } from "../../test/support/acp-homes.ts"
import { createClaudeHome } from "../../test/support/claude-home.ts"
import { testCli } from "../../test/support/test-clis.ts"
import type { BenchContext } from "../bench-context.ts"
import type { Measurement } from "../measurement.ts"
import type { RowPlan } from "../row.ts"
import { medianOf } from "../support/median-of.ts"
import { startDaemon } from "../support/service-process.ts"
import { streamTurn } from "../support/sse-request.ts"

interface CliHome {
  readonly env: Readonly<Record<string, string>>
  remove(): Promise<void>
}

interface CliRun {
  readonly name: string
  readonly createHome: (modelUrl: string) => Promise<CliHome>
  /** One turn by hand. */
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const claudeArgs = ["--output-format", "stream-json", "--verbose", "--include-partial-messages"]

const clis: readonly CliRun[] = [
  {
    name: "claude",
    createHome: (modelUrl) => createClaudeHome({ modelUrl }),
    args: ["-p", ...claudeArgs, "--strict-mcp-config", "Hi."],
  },
  {
    name: "gemini",
    createHome: (modelUrl) => createAcpHome("gemini", modelUrl),
    args: ["-m", "gemini-2.5-flash", "--output-format", "stream-json", "--yolo", "-p", "Hi."],
    env: { AI_AGENT_PROXY_MODEL: "gemini-2.5-flash" },
  },
  {
    name: "opencode",
    createHome: (modelUrl) => createAcpHome("opencode", modelUrl),
    args: ["run", "--format", "json", "Hi."],
  },
  {
    name: "copilot",
    createHome: (modelUrl) => createAcpHome("copilot", modelUrl),
    args: ["--allow-all", "--no-auto-update", "--output-format", "json", "-p", "Hi."],
  },
]

/** Each agent CLI that is installed: a turn of the warm service to its first content, and one of the CLI by hand. */
export function measureAgentClis(context: BenchContext): Measurement[] {
  return clis.map((cli) => measureCli(context, cli))
}

function measureCli({ newFolder, isQuick }: BenchContext, run: CliRun): Measurement {
  const { name, args } = run
  const binary = testCli(name)
  const row: RowPlan = {
    name: `Real ${name}, warm first content, to a turn of it by hand`,
    unit: "ms",
    figure: "firstMs",
    goalOf: "ratio",
    goal: { atMost: 0.35 },
    note: "against the raw CLI, which starts for each turn",
  }
  const cannot = "not installed, see scripts/install-test-clis.sh"
  return {
    rows: [binary === null ? { ...row, note: cannot } : row],
    rounds: isQuick ? 1 : 7,
    warmUps: 0,
    ...(binary === null && { cannot }),
    openReference: async () => {
      const { env, close } = await openHome(run)
      const folder = await newFolder(`raw-${name}`)
      return {
        measure: async () => ({ firstMs: await runByHand(binary ?? "", args, folder, env) }),
        stop: close,
      }
    },
    openBuild: async (build) => {
      const home = await openHome(run)
      const folder = await newFolder(`daemon-${name}`)
      const env = { ...home.env, ...run.env }
      const service = await startDaemon(build, { folder, cli: binary ?? "", env })
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      let last = await streamTurn(service, "Hi.", { agent })
      const turn = async (): Promise<number> => {
        if (last.responseId === null) throw new Error("the stream named no response")
        last = await streamTurn(service, "Hi.", { agent, previousResponseId: last.responseId })
        return last.firstMs
      }
      return {
        measure: async () => ({ firstMs: await medianOf(3, turn) }),
        stop: async () => {
          agent.destroy()
          await service.stop()
          await home.close()
        },
      }
    },
  }
}

/** A model and a home for each side: nobody waits for another's. */
async function openHome({ createHome }: CliRun) {
  const model = await startModelServer()
  const home = await createHome(model.url)
  return {
    env: home.env,
    close: async () => {
      await model.close()
      await home.remove()
    },
  }
}

/** From the spawn to the first output that has the answer. */
async function runByHand(
  file: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const start = performance.now()
  const child = spawn(file, [...args], { cwd, env, stdio: ["ignore", "pipe", "ignore"] })
  const exited = once(child, "exit")
  let output = ""
  let firstMs: number | null = null
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text
    if (firstMs === null && output.includes("You ")) firstMs = performance.now() - start
  })
  await exited
  if (firstMs === null) throw new Error(`${file} gave no answer`)
  return firstMs
}
