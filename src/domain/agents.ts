/** An agent: its id, and which of those that have had that id. */
export interface AgentKey {
  readonly id: string
  readonly identity: string
}

/** How far it may go by itself: all that its user may do; writing in its folders; reading. */
export type Permissions = "full" | "workspace" | "read-only"

/** A named worker, as its workspace describes it. */
export interface AgentProfile {
  /** `manager`, or `role_name`: the folder's name and the wire's `model`. */
  readonly id: string
  /** Its own, also where another agent had its id before. Its conversations are kept by it. */
  readonly identity: string
  readonly role: string
  readonly name: string
  /** Absolute path of the agent's own folder; its CLI runs there. */
  readonly workspace: string
  /** Absolute path of the folder that its tasks are about. */
  readonly workingDirectory: string
}

/** As `control/agent.json` of its workspace says it. Null: as set for the service. */
export interface AgentSettings {
  /** Its agent CLI, as `--cli` takes it. */
  readonly cli: string | null
  /** Kind of its backend; null: found by the executable. */
  readonly backend: string | null
  readonly model: string | null
  /** Reasoning effort of turns that ask for none. */
  readonly effort: string | null
  readonly permissions: Permissions
  /** Absolute, or beginning with `~/`, or with `./` for a folder in its own. */
  readonly workingDir: string | null
  /** Names of environment variables that it may see beyond those of the service's `pass_env`. */
  readonly env: readonly string[]
  /** What the person wants, also after a restart of the service. */
  readonly desiredState: "running" | "stopped"
}

/** The end of an agent's CLI that nobody asked for. */
export interface UnexpectedExit {
  readonly reason: string
  /** Milliseconds since 1970. */
  readonly at: number
}

/** Its model server refuses the log-in (expired, withdrawn), which the CLI takes for good. */
export interface LoginProblem {
  /** The refusal, with the next step. */
  readonly message: string
  /** Milliseconds since 1970. */
  readonly at: number
}

/** What a backend can do, as found out from the real program. */
export interface Capabilities {
  /** Name and version of the program, e.g. `codex 0.169.0`. */
  readonly program: string
  readonly version: string | null
  readonly streamsDeltas: boolean
  readonly acceptsImages: boolean
  readonly hasOutputSchema: boolean
  /** Its schema may be any. Else only strict ones are passed on: `domain/strict-schema.ts`. */
  readonly acceptsAnySchema?: true
  readonly hasFunctions: boolean
  readonly hasFork: boolean
  /** True: it cannot be kept from acting, see `ThreadReach`. */
  readonly alwaysActs?: true
  readonly efforts: readonly string[]
  /** True: what it does by itself is not told, only what it says. */
  readonly hidesItsWork?: true
  /** Why it can do less, for now, than its program could. Absent: it does all that it can. */
  readonly limitation?: Limitation
}

/** As of `NotReady`, of an agent that works all the same. */
export type Limitation = Pick<NotReady, "reason" | "nextStep" | "detail">

/**
 * Why an agent cannot be asked now. The open pages show strangers `reason` and `nextStep`: both are
 * words of ours, with nothing in them that a program printed, a file holds or a path tells. All of
 * that is `detail`, which only those get who have a key, or the rights of the service's user.
 */
export interface NotReady {
  readonly isReady: false
  /** What is wrong; no full stop. */
  readonly reason: string
  /** A sentence that says what to type. */
  readonly nextStep: string
  /** Null: there is no more to tell. */
  readonly detail: string | null
  /** It mends itself: seconds until it may be ready. Absent: only a person can mend it. */
  readonly retryAfterSeconds?: number
}

export type Readiness = { readonly isReady: true } | NotReady

/** What is wrong with all that is known of it, not for strangers. */
export function fullReason({ reason, detail }: Pick<NotReady, "reason" | "detail">): string {
  return detail === null ? reason : `${reason}: ${detail}`
}

/** All of it in one text, not for strangers. */
export function explain(problem: NotReady): string {
  return `${fullReason(problem).replace(/[.\s]+$/, "")}. ${problem.nextStep}`
}

/** For its owner: no prompts, no keys. The open pages show less of it, see `NotReady`. */
export interface AgentStatus {
  readonly id: string
  readonly role: string
  readonly name: string
  /** `stopped`: by a person, or its control file cannot be used; `readiness` says which. */
  readonly state: "running" | "stopped"
  /** Kind of its backend. */
  readonly backend: string
  /** What is spawned, e.g. `codex`; `built in` for the demo. */
  readonly program: string
  readonly readiness: Readiness
  readonly capabilities: Capabilities | null
  /** Of its warm process; null where there is none, or one for each turn. */
  readonly pid: number | null
  /** The last one since the agent was started. */
  readonly lastExit: UnexpectedExit | null
  /** How often its process was started again by the service. */
  readonly restarts: number
  /** Of the last turn that reached the model server; null: it was served. */
  readonly loginProblem: LoginProblem | null
  /** What is wrong with its control file, by name and line; the last good state is in force. */
  readonly controlProblem: string | null
  /** Threads that its CLI holds in memory. */
  readonly loadedThreads: number
  readonly runningTurns: number
  readonly queuedTurns: number
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly lastActiveAt: number | null
}
