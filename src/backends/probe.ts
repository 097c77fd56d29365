import { realpathSync, statSync } from "node:fs"
import path from "node:path"
import { messageOf } from "../domain/errors.ts"
import { AppServer } from "./codex/app-server.ts"
import { defaultTimeouts } from "./codex/options.ts"
import { commonFeatures, type ExecFeatures, featuresOfHelp, plainFeatures } from "./exec/probe.ts"
import { type BriefRun, type BriefRunOptions, runBriefly } from "./kit/process/run-briefly.ts"
import { StartError } from "./kit/process/start-error.ts"

export interface ProbeOptions {
  /** Where the agent's turns run, too: a program may look at its folder. */
  readonly cwd: string
  /** The complete environment of the child. */
  readonly env: Readonly<Record<string, string>>
  /** For each question asked; default 10 s. */
  readonly timeoutMs?: number
  /** Ends a probe that runs: nothing of it survives. */
  readonly signal?: AbortSignal
  /** Default: one for the whole process. */
  readonly memory?: ProbeMemory
}

/** What a program is when it is driven by exec's arguments. */
export interface ExecProfile {
  /** Name, with the version where it is known: `codex-cli 0.169.0`, `my-agent.sh`. */
  readonly program: string
  readonly version: string | null
  /** OpenAI's codex: its other subcommands may be used. */
  readonly isCodex: boolean
  readonly features: ExecFeatures
  /** What it printed when it was asked for the help of `exec` and ended with an error; null: it did not. */
  readonly refusal: string | null
  /** It did not answer in time: it may be another program when this machine is less busy. */
  readonly isSilent?: true
}

export interface ExecutableProfile {
  /** Kind of the backend that the program needs. */
  readonly backend: "codex" | "exec"
  readonly exec: ExecProfile
}

const defaultTimeoutMs = 10_000

interface Remembered {
  readonly stamp: string
  readonly result: Promise<unknown>
  /** Of the clock. */
  until: number
}

/** How long an answer holds that may have been an accident. */
const doubtfulForMs = 60_000

/**
 * What was found out about programs, by absolute path and for as long as the file stays the same (modification time,
 * size, inode). Two who ask at once share one probe. A probe that failed is not kept: the next one may find a repaired
 * program; one whose result is doubtful is kept for a minute.
 */
export class ProbeMemory {
  readonly #entries = new Map<string, Remembered>()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  recall<T>(
    question: string,
    file: string,
    ask: () => Promise<T>,
    isDoubtful: (result: T) => boolean = () => false,
  ): Promise<T> {
    const key = `${question} ${file}`
    const stamp = stampOf(file)
    const known = this.#entries.get(key)
    // Only `ask` of the same question fills an entry, so it has the type that it is read with.
    if (known?.stamp === stamp && this.#now() < known.until) return known.result as Promise<T>
    const result = ask()
    const entry: Remembered = { stamp, result, until: Number.POSITIVE_INFINITY }
    this.#entries.set(key, entry)
    result.then(
      (found) => {
        if (isDoubtful(found)) entry.until = this.#now() + doubtfulForMs
      },
      () => {
        if (this.#entries.get(key) === entry) this.#entries.delete(key)
      },
    )
    return result
  }
}

const sharedMemory = new ProbeMemory()

/**
 * Which backend a program needs: `codex` when its app-server answers `initialize`, `exec` otherwise.
 *
 * A program that ignores its arguments may take any question for a prompt and act on it, so the questions are few and
 * stop at the first sign of such a program. All are asked with nothing on stdin, in the agent's workspace, bounded, and
 * what they start is killed with them:
 * 1. `exec --help`. Only a help text (exit code 0) that names `--json` is followed by more questions.
 * 2. `exec resume --help` and `--version`, of programs that evidently parse their arguments.
 * 3. `app-server`, with an `initialize` on stdin.
 *
 * Not for a request's path: it takes up to a second with the real codex. Rejects with `StartError` when the program
 * cannot be run. `file` is an absolute path.
 */
export function probeExecutable(file: string, options: ProbeOptions): Promise<ExecutableProfile> {
  const memory = options.memory ?? sharedMemory
  const ask = async (): Promise<ExecutableProfile> => {
    const exec = await probeExec(file, options)
    const isAppServer = exec.features.printsJson && (await speaksAppServer(file, options))
    return { backend: isAppServer ? "codex" : "exec", exec }
  }
  const isDoubtful = ({ backend, exec }: ExecutableProfile) =>
    backend === "exec" && (exec.isCodex || exec.isSilent === true)
  return memory.recall("backend", file, ask, isDoubtful)
}

/** The first two questions of `probeExecutable` only, for programs that are to be driven by exec anyway. */
export function probeExec(file: string, options: ProbeOptions): Promise<ExecProfile> {
  const memory = options.memory ?? sharedMemory
  const ask = async (): Promise<ExecProfile> => {
    const asked = await run(file, ["exec", "--help"], options)
    const help = outputOf(asked)
    const refusal = help === null && !asked.isTimeout ? asked.output.trim() : null
    const fresh = help === null ? plainFeatures : featuresOfHelp(help)
    const name = path.basename(file)
    if (!fresh.printsJson) {
      const silent = asked.isTimeout ? ({ isSilent: true } as const) : {}
      return { program: name, version: null, isCodex: false, features: fresh, refusal, ...silent }
    }
    const resumeHelp = outputOf(await run(file, ["exec", "resume", "--help"], options))
    const versionLine = versionLineOf(outputOf(await run(file, ["--version"], options)) ?? "")
    const version = /\d+\.\d+(?:\.\d+\S*)?/.exec(versionLine)?.[0] ?? null
    return {
      program: version === null ? name : versionLine.slice(0, 80),
      version,
      isCodex: /^codex(?:-cli)?\s/.test(versionLine),
      features: resumeHelp === null ? fresh : commonFeatures(fresh, featuresOfHelp(resumeHelp)),
      refusal,
    }
  }
  return memory.recall("exec", file, ask, (profile) => profile.isSilent === true)
}

async function run(file: string, args: readonly string[], options: ProbeOptions): Promise<BriefRun> {
  const runOptions: BriefRunOptions = {
    cwd: options.cwd,
    env: options.env,
    timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  }
  try {
    return await runBriefly(file, args, runOptions)
  } catch (error) {
    options.signal?.throwIfAborted()
    throw new StartError(
      `\`${path.basename(file)}\` cannot be run`,
      "Run it in a terminal as this user, or set the agent's CLI to another program.",
      { detail: `${file}: ${messageOf(error)}`, cause: error },
    )
  }
}

/** A notice may stand in front of it. */
function versionLineOf(printed: string): string {
  const ofCodex = /\bcodex(?:-cli)? \d+\.\d+\.\d+\S*/.exec(printed)?.[0]
  return ofCodex ?? printed.trim().split("\n")[0]?.trim() ?? ""
}

/** What the program says; null: it failed or took too long. */
function outputOf({ exitCode, isTimeout, output }: BriefRun): string | null {
  return exitCode === 0 && !isTimeout ? output : null
}

async function speaksAppServer(file: string, options: ProbeOptions): Promise<boolean> {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs
  const server = new AppServer({
    file,
    cwd: options.cwd,
    env: options.env,
    timeouts: { ...defaultTimeouts, handshakeMs: timeoutMs, endStepMs: 500 },
    log: () => {},
    onNotification: () => {},
    onRequest: () => {},
    isNeeded: () => false,
  })
  const abort = () => void server.end()
  options.signal?.addEventListener("abort", abort)
  try {
    await server.initialize()
    return true
  } catch {
    // It died, was silent, or said something else: not an app-server, whatever it is.
    options.signal?.throwIfAborted()
    return false
  } finally {
    options.signal?.removeEventListener("abort", abort)
    await server.end()
  }
}

function stampOf(file: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(realpathSync(file))
    return `${mtimeMs} ${size} ${ino}`
  } catch {
    // Gone: the probe itself will say so.
    return ""
  }
}
