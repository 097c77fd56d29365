import { randomUUID } from "node:crypto"
import { constants } from "node:fs"
import { open } from "node:fs/promises"
import { join } from "node:path"
import type { CommandItem, FileChange, FileChangeItem } from "../../domain/items.ts"
import { findExecutable } from "../../programs/find-executable.ts"
import type { AgentLimits, BackendContext } from "../kit/backend-context.ts"
import { runBounded } from "../kit/process/probe.ts"
import type { DemoStep } from "./reply.ts"

/** It runs and edits in its workspace, and looks around in the first writable folder. */
export type DemoOptions = Pick<BackendContext, "cwd" | keyof AgentLimits>

/** Only what every system has. */
const path = "/usr/local/bin:/usr/bin:/bin"
const timeoutMs = 60_000
const fileName = "demo.txt"

/** As it begins. */
export function commandItem(step: Extract<DemoStep, { type: "run" }>, options: DemoOptions): CommandItem {
  const { cwd, writableFolders: [workingDirectory = cwd] = [] } = options
  return {
    type: "command",
    id: `demo_${randomUUID()}`,
    command: [step.program, ...step.args].join(" "),
    cwd: step.folder === "workspace" ? cwd : workingDirectory,
    output: "",
    exitCode: null,
    status: "in_progress",
  }
}

/** Runs it to its end, without a shell. Rejects when it is interrupted. */
export async function runDemoCommand(
  item: CommandItem,
  { program, args }: Extract<DemoStep, { type: "run" }>,
  signal: AbortSignal,
): Promise<CommandItem> {
  const file = findExecutable(program, path)
  if (file === null) return { ...item, output: `${program}: not found\n`, exitCode: 127, status: "failed" }
  const options = { cwd: item.cwd ?? "/", env: { PATH: path, LC_ALL: "C" }, timeoutMs, signal }
  const { exitCode, output: printed } = await runBounded(file, args, options)
  const output = printed.trim() === "" ? "" : `${printed.trimEnd()}\n`
  return { ...item, output, exitCode, status: exitCode === 0 ? "completed" : "failed" }
}

/** Adds the line to the demo's own file in the workspace. Rejects with the system's error. */
export async function addLine(line: string, { cwd }: DemoOptions): Promise<FileChangeItem> {
  const file = join(cwd, fileName)
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants
  const handle = await open(file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600)
  try {
    const { size } = await handle.stat()
    await handle.appendFile(`${line}\n`)
    const change: FileChange =
      size === 0
        ? { path: file, kind: "add", diff: `${line}\n` }
        : { path: file, kind: "update", diff: `@@\n+${line}\n` }
    return { type: "file_change", id: `demo_${randomUUID()}`, changes: [change], status: "completed" }
  } finally {
    await handle.close()
  }
}
