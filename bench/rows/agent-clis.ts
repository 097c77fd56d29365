import { spawn } from "node:child_process"
import { once } from "node:events"
import { Agent } from "node:http"
import { startModelServer } from "../../test/model-server/model-server.ts"
import { createAcpHome } from "../../test/support/acp-homes.ts"
import { createClaudeHome } from "../../test/support/claude-home.ts"
import { testCli } from "../../test/support/test-clis.ts"
import type { BenchContext } from "../bench-context.ts"
import { type Row, ratioRow, unmeasuredRow } from "../result.ts"
import { startDaemon } from "../support/service-process.ts"
import { streamTurn } from "../support/sse-request.ts"
import { median } from "../support/statistics.ts"

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
export async function measureAgentClis(context: BenchContext): Promise<Row[]> {
  const rows: Row[] = []
  for (const cli of clis) rows.push(await measureCli(context, cli))
  return rows
}

async function measureCli({ installation, newFolder, isQuick }: BenchContext, run: CliRun): Promise<Row> {
  const { name, args, createHome } = run
  const fields = {
    id: `warm-${name}`,
    name: `Real ${name}, warm first content, to a turn of it by hand`,
    unit: "ms",
    goal: { atMost: 0.35 },
    noise: 0.3,
  }
  const binary = testCli(name)
  if (binary === null)
    return unmeasuredRow({ ...fields, note: "not installed, see scripts/install-test-clis.sh" })
  const model = await startModelServer()
  const home = await createHome(model.url)
  const folder = await newFolder(`raw-${name}`)
  const service = await startDaemon(installation, {
    folder: await newFolder(`daemon-${name}`),
    cli: binary,
    env: { ...home.env, ...run.env },
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const coldMs: number[] = []
  const warmMs: number[] = []
  try {
    let last = await streamTurn(service, "Hi.", { agent })
    for (let round = 0; round < (isQuick ? 1 : 3); round += 1) {
      coldMs.push(await runByHand(binary, args, folder, home.env))
      for (let turn = 0; turn < 3; turn += 1) {
        if (last.responseId === null) throw new Error("the stream named no response")
        last = await streamTurn(service, "Hi.", { agent, previousResponseId: last.responseId })
        warmMs.push(last.firstMs)
      }
    }
  } finally {
    agent.destroy()
    await service.stop()
    await model.close()
    await home.remove()
  }
  return ratioRow(
    { ...fields, note: "against the raw CLI, which starts for each turn" },
    median(warmMs),
    median(coldMs),
  )
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
