import type { Backend } from "../../../src/domain/backend.ts"

/** Words that make the agent do what a test needs. */
export interface ContractPrompts {
  /** Answers exactly this text. */
  say(text: string): string
  /** Answers `1 2 .. count` in so many deltas, with pauses between them. */
  count(to: number): string
  /** Answers something in which `recalled` finds what the user has said in this thread, this prompt included. */
  readonly recall: string
  recalled(answer: string): readonly string[]
  call(name: string, args: Readonly<Record<string, unknown>>): string
  /** Goes with an image; the answer names its media type and its size in bytes. */
  readonly image: string
  /** Goes with an output schema that wants `{"answer": string}`. */
  readonly schema: string
  /** The model behind the agent fails with this status. Absent: there is no model. */
  readonly fail?: (status: number) => string
  /** The model's answer breaks off each time. */
  readonly cut?: string
  /** The model takes the request and says nothing. */
  readonly silence?: string
  /** Answers `1 2 .. count` as fast as it is read. */
  readonly flood?: (count: number) => string
  /** The model makes these calls in one answer. */
  readonly callsAtOnce?: (
    calls: readonly { readonly name: string; readonly args: Readonly<Record<string, unknown>> }[],
  ) => string
  /** The agent runs this command by itself. Absent: it runs none. */
  readonly shell?: (command: string) => string
}

/** How the suite gets at one backend. Optional members are what only some backends can show. */
export interface BackendHarness {
  readonly backend: Backend
  /** Folder that the agent may write to. */
  readonly workspace: string
  readonly prompts: ContractPrompts
  /** Instructions that the model got with its newest request. */
  readonly developerText?: () => string
  /** Kills the program as a crash would, and resolves when it is gone. */
  readonly crash?: () => Promise<void>
  /** The same, where `crash` waits for the model to be asked first. */
  readonly kill?: () => Promise<void>
  /** Paths of the CLI's own records of threads. */
  readonly records?: () => readonly string[]
  /** Where the CLI keeps them, for what takes them away. */
  readonly recordFolders?: readonly string[]
  /** Processes of the backend and of everything that it started. */
  readonly processes?: () => readonly number[]
  /** Whether the program has the thread in memory. */
  readonly isLoaded?: (thread: string) => Promise<boolean>
  /** Its row in the table of `docs/agents/README.md`. */
  readonly documentedAs?: string
  /** False: the program tells neither output nor exit code of its commands. */
  readonly tellsOutput?: boolean
  /** True: it may have lost a thread when it was ended; the engine fills a new one then. */
  readonly losesThreads?: boolean
  /** What the user said, as the newest request to the model has it. */
  readonly heard?: () => readonly string[]
  /** The newest request to the model, as it was sent. */
  readonly posted?: () => string
  /** Resolves when the model gets its next request. */
  readonly isModelAsked?: () => Promise<void>
  /** Another backend on the same workspace and home, as after a restart. `idleMs`: its idle limit, if it has one. */
  readonly another?: (idleMs?: number) => Promise<Backend>
  /** True: its processes are ended when nobody has used them for so long. */
  readonly restsWhenIdle?: boolean
  /** Adds an MCP server of the person's to the CLI's own configuration. */
  readonly addMcpServer?: (command: readonly string[]) => Promise<void>
  /** Command lines of the program's own processes, as far as it stays warm between turns. */
  readonly programLine?: RegExp
  /** How many processes may stay warm, those below them included. Default: none. */
  readonly warmProcesses?: number
  /** Its column in the table of cases in `docs/agents/README.md`. */
  readonly column?: string
  /** False: the program tells no tokens. */
  readonly tellsUsage?: boolean
  remove(): Promise<void>
}
