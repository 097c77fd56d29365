import { type ChildProcess, spawn } from "node:child_process"

export interface Program {
  readonly command: string
  readonly args?: readonly string[]
  readonly cwd: string
  /** In place of the tester's own environment, of which only `PATH`, `LANG` and `TMPDIR` are left. */
  readonly env?: Readonly<Record<string, string>>
  /** On stdin, which is closed behind it. */
  readonly input?: string
  /** Default: two minutes. Then it is ended with all that it started. */
  readonly limitMs?: number
  /** Called with each piece of its output, in which a check may wait for a word. */
  readonly onOutput?: (text: string, child: ChildProcess) => void
}

export interface ProgramResult {
  /** Null: it was ended by a signal. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly isOverLimit: boolean
}

const maxKept = 8 * 1024 * 1024

/** Process groups that run, for an interrupt of the whole run. */
const running = new Set<number>()

/** Runs a program to its end, in a process group of its own. Rejects only where it cannot be started. */
export function runProgram(program: Program): Promise<ProgramResult> {
  const child = startProgram(program)
  let isOverLimit = false
  const timer = setTimeout(() => {
    isOverLimit = true
    endGroup(child)
  }, program.limitMs ?? 120_000)
  let stdout = ""
  let stderr = ""
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    if (stdout.length < maxKept) stdout += text
    program.onOutput?.(text, child)
  })
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    if (stderr.length < maxKept) stderr += text
    program.onOutput?.(text, child)
  })
  return new Promise((resolve, reject) => {
    child.once("error", reject)
    child.once("close", (code) => {
      clearTimeout(timer)
      resolve({ code, stdout, stderr, isOverLimit })
    })
  })
}

export interface RunningProgram {
  readonly child: ChildProcess
  /** Everything that it wrote so far; the newest part where that is much. */
  readonly output: () => string
  /** Ends it with all that it started. Safe twice. */
  readonly end: () => void
}

/** Starts a program that is to run on, such as a server. */
export function runOn(program: Program): RunningProgram {
  const child = startProgram(program)
  let output = ""
  const add = (text: string) => {
    output = (output + text).slice(-maxKept)
    program.onOutput?.(text, child)
  }
  child.stdout?.setEncoding("utf8").on("data", add)
  child.stderr?.setEncoding("utf8").on("data", add)
  child.on("error", (error) => add(String(error)))
  return { child, output: () => output, end: () => endGroup(child) }
}

function startProgram({ command, args = [], cwd, env, input }: Program): ChildProcess {
  const child = spawn(command, [...args], {
    cwd,
    env: { ...ownEnvironment(), ...env },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  })
  const { pid } = child
  if (pid !== undefined) {
    running.add(pid)
    child.once("close", () => running.delete(pid))
  }
  // It may have ended without reading.
  child.stdin?.on("error", () => {})
  child.stdin?.end(input ?? "")
  return child
}

/** Harmless behind its end. */
function endGroup({ pid }: Pick<ChildProcess, "pid">): void {
  if (pid === undefined || !running.has(pid)) return
  try {
    process.kill(-pid, "SIGKILL")
  } catch {
    // It has just ended by itself.
  }
}

/** For an interrupt of the whole run. */
export function endAllPrograms(): void {
  for (const pid of running) endGroup({ pid })
}

function ownEnvironment(): Record<string, string> {
  const names = ["PATH", "LANG", "TMPDIR"] as const
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}
