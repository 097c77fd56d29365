import type { Program, ProgramResult, RunningProgram } from "./support/program.ts"
import type { RecordingProxy } from "./support/recording-proxy.ts"
import type { ScriptedService, ScriptedServiceOptions } from "./support/scripted-service.ts"

/** A folder here: programs that people use, installed in pinned versions and run unmodified. Exported as `client` by its `checks.ts`. */
export interface RealClient {
  /** What is run, with versions: `aider 0.86.2`. */
  readonly programs: readonly string[]
  /** What may take longer is broken off and told as a failure. Installing counts. */
  readonly limitMinutes: number
  /** Throws only where nothing can be checked at all. */
  run(bench: Bench): Promise<void>
  /** Its ways to ask for one answer, for checks that all clients have in common; empty where it cannot be run here. */
  askers?(bench: Bench): Promise<readonly Asker[]>
}

export interface Asker {
  /** Unique in its client: `chat, streamed`. */
  readonly name: string
  /** Directives that make the agent's model answer this text, where `[[say:TEXT]]` is not what the client takes for an answer. */
  readonly say?: (text: string) => string
  /** Asks at this address, which ends in `/v1`, with the settings of its page. The answer is in what the program writes. */
  ask(baseUrl: string, text: string, limitMs: number): Promise<ProgramResult>
}

/** What a client's checks are given. All that they start here is ended behind them, whatever happened. */
export interface Bench {
  /** The built program as a command line, for clients that are about the program itself. */
  readonly command: readonly string[]
  /** Empty at first, gone afterwards. Links are resolved. */
  readonly folder: string
  /**
   * Prints one line, `ok` or `FAIL`; what `work` throws is the failure. One that takes longer than `limitMs` (default: two
   * minutes) has failed. Returns whether it was ok, for checks that build on it.
   */
  check(what: string, work: () => Promise<void>, limitMs?: number): Promise<boolean>
  /** Prints a line that says what was left out, and why. */
  skip(what: string, why: string): void
  /**
   * A folder in the cache in which `install` has put what the pins ask for. It is run once for the same name, which no other
   * client has, and pins, in the folder as it was left when it failed before.
   */
  installed(name: string, pins: string, install: (folder: string) => Promise<void>): Promise<string>
  /** The folder of a Python environment with the `requirements.txt` at this path; null, with a skip, where there is no Python 3.11. */
  pythonEnvironment(requirements: string, options?: PythonOptions): Promise<string | null>
  /** The folder of a copy of this one, which has a `package-lock.json`, with `node_modules`. */
  npmPackages(folder: string): Promise<string>
  /** The built service over a real agent CLI, whose model does what the text of the message says (`test/model-server/README.md`). */
  startService(options?: ScriptedServiceOptions): Promise<ScriptedService>
  /** Stands between a client and `url`, and keeps what was asked. It adds and changes nothing. */
  record(url: string): Promise<RecordingProxy>
  /** Runs a program to its end. */
  run(program: Program): Promise<ProgramResult>
  /** Starts a program that runs on, and ends it behind the last check. */
  runOn(program: Program): RunningProgram
  /** Called behind the last check, the newest first. */
  atEnd(cleanUp: () => unknown): void
}

export interface PythonOptions {
  /** The list is all that is needed, and what packages name beside it is left out. */
  readonly isWhole?: boolean
}
