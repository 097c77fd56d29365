import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mainProgram } from "./main-program.ts"

export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command line to its end, as `ai-agent-proxy ARGS` without a terminal. */
export async function runCommand(
  args: readonly string[],
  options: { readonly env: Readonly<Record<string, string>>; readonly stdin?: string; readonly cwd?: string },
): Promise<CommandResult> {
  const child = spawn(process.execPath, [mainProgram, ...args], {
    env: options.env,
    stdio: "pipe",
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  })
  // A command that does not read its input may be gone before it is written.
  child.stdin.on("error", () => {})
  child.stdin.end(options.stdin ?? "")
  return resultOf(child)
}

/** What a child with pipes has said when it is gone. */
export async function resultOf(child: ChildProcess): Promise<CommandResult> {
  let stdout = ""
  let stderr = ""
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text
  })
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text
  })
  await once(child, "close")
  return { code: child.exitCode, stdout, stderr }
}
