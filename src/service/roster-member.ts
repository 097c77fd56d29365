import { type AgentSettings, type AgentStatus, explain, type NotReady } from "../domain/agents.ts"
import { notReadyError, ProxyError } from "../domain/errors.ts"
import { raceTimeout } from "../domain/race-timeout.ts"
import type { Agent, Claim, Member } from "../engine/agents/agent.ts"
import type { RosterEntry } from "../workspace/home/roster-folder.ts"

/** How long a request waits for an agent that is being replaced. */
const replacementWaitMs = 30_000

/** What the folder says of an agent. */
export interface MemberDescription extends Pick<RosterEntry, "id" | "identity" | "role" | "workspace"> {
  readonly name: string
  readonly settings: AgentSettings | null
  readonly controlProblem: string | null
  /** What is spawned, for people. */
  readonly program: string
}

/**
 * A place in the roster, which lasts while the agent in it is started, stopped and replaced.
 * Whoever uses the agent holds a claim on it, so that a replacement waits until nobody does;
 * meanwhile new claims wait for the new one.
 */
export class RosterMember implements Member {
  description: MemberDescription
  /** Why it could not be launched. */
  problem: NotReady | null = null
  readonly #createdAt: number
  #agent: Agent | null = null
  #claims = 0
  #whenIdle: (() => void) | null = null
  #replacement: Promise<void> | null = null
  #lastKind: string | null = null
  #lastActiveAt: number | null = null

  constructor(description: MemberDescription, now: number) {
    this.description = description
    this.#createdAt = now
  }

  get id(): string {
    return this.description.id
  }

  get identity(): string | null {
    return this.#agent?.profile.identity ?? this.description.identity
  }

  get name(): string {
    return this.description.name
  }

  get workspace(): string {
    return this.description.workspace
  }

  get agent(): Agent | null {
    return this.#agent
  }

  async claim(): Promise<Claim> {
    if (this.#replacement !== null) await this.#waitForReplacement(this.#replacement)
    const agent = this.#agent
    if (agent === null) {
      const problem = this.#whyStopped()
      throw notReadyError(`Agent '${this.id}' is not running: ${explain(problem)}`, problem)
    }
    this.#claims += 1
    let isReleased = false
    return {
      agent,
      release: () => {
        if (isReleased) return
        isReleased = true
        this.#claims -= 1
        if (this.#claims === 0) this.#whenIdle?.()
      },
    }
  }

  /**
   * Takes the running agent out of its place once nobody uses it, and puts what `next` resolves
   * with into it; `next` is called when the old one has stopped. One call at a time.
   */
  replace(beforeStop: () => Promise<void>, next: () => Promise<Agent | null>): Promise<void> {
    const work = async (): Promise<void> => {
      const old = this.#agent
      if (old !== null) {
        await this.#idle()
        await beforeStop()
        this.#lastKind = old.backend.kind
        this.wasActiveAt(old.lastActiveAt)
        this.#agent = null
        await old.stop()
      }
      this.#agent = await next()
    }
    const replacement = work().finally(() => {
      this.#replacement = null
    })
    this.#replacement = replacement
    return replacement
  }

  /** Of an agent that was in this place before, also in an earlier run of the service. */
  wasActiveAt(time: number | null): void {
    this.#lastActiveAt = Math.max(time ?? 0, this.#lastActiveAt ?? 0) || null
  }

  status(turns: number): AgentStatus {
    const { id, role, name, settings, controlProblem, program } = this.description
    const agent = this.#agent
    if (agent !== null) {
      const status = agent.status(Math.max(0, turns - agent.runningTurns))
      return { ...status, controlProblem, lastActiveAt: status.lastActiveAt ?? this.#lastActiveAt }
    }
    return {
      id,
      role,
      name,
      // What should run and cannot be launched is not ready: nobody has stopped it.
      state: this.problem !== null && settings?.desiredState === "running" ? "running" : "stopped",
      backend: this.#lastKind ?? settings?.backend ?? program,
      program,
      readiness: this.#whyStopped(),
      capabilities: null,
      pid: null,
      lastExit: null,
      restarts: 0,
      loginProblem: null,
      controlProblem,
      loadedThreads: 0,
      runningTurns: 0,
      queuedTurns: 0,
      createdAt: this.#createdAt,
      lastActiveAt: this.#lastActiveAt,
    }
  }

  #idle(): Promise<void> {
    if (this.#claims === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#whenIdle = () => {
        this.#whenIdle = null
        resolve()
      }
    })
  }

  async #waitForReplacement(replacement: Promise<void>): Promise<void> {
    const isOver = replacement.catch(() => {})
    if (await raceTimeout(isOver, replacementWaitMs)) return
    throw new ProxyError(
      "agent_unavailable",
      `Agent '${this.id}' is changed to other settings as soon as its running turns are done. Try again later.`,
      { retryAfterSeconds: 30 },
    )
  }

  #whyStopped(): NotReady {
    const { id, settings, controlProblem } = this.description
    if (settings === null) {
      const what = "its control file (control/agent.json) cannot be used"
      const reason = controlProblem === null ? "it has no control file" : what
      return whyNot(reason, "Correct the file; the service notices.", controlProblem)
    }
    if (settings.desiredState === "stopped") {
      return whyNot("it was stopped", `Type \`ai-agent-proxy start ${id}\`.`)
    }
    if (this.problem !== null) return this.problem
    return { ...whyNot("it is being started", "Try again in a few seconds."), retryAfterSeconds: 5 }
  }
}

export function whyNot(reason: string, nextStep: string, detail: string | null = null): NotReady {
  return { isReady: false, reason, nextStep, detail }
}
