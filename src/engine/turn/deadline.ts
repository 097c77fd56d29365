import { isErrorCode, type TurnError } from "../../domain/errors.ts"
import type { StopCause } from "./outcome.ts"

/**
 * The clocks of a turn: how long it may take in all, how long it may be silent, and how long it may
 * only have trouble. Agent CLIs wait for ever on a dead model server, so somebody must not. Only
 * progress resets the silence clock, and open work (a shell command, a call of a client's function)
 * stops it: a build may rightly be silent for an hour.
 */
export class Deadline {
  readonly #silenceMs: number
  readonly #reconnectMs: number
  readonly #onPassed: (cause: StopCause) => void
  readonly #total: NodeJS.Timeout
  #silence: NodeJS.Timeout
  /** By `performance.now()`. */
  #lastProgressMs = 0
  #isPaused = false
  #trouble: NodeJS.Timeout | null = null
  #says: { readonly text: string; readonly error: TurnError | null } = { text: "", error: null }

  constructor(
    limits: { readonly turnMs: number; readonly silenceMs: number; readonly reconnectMs: number },
    onPassed: (cause: StopCause) => void,
  ) {
    this.#silenceMs = limits.silenceMs
    this.#reconnectMs = limits.reconnectMs
    this.#onPassed = onPassed
    this.#total = setTimeout(
      () => onPassed(timeout(`The turn took longer than ${seconds(limits.turnMs)} s and was interrupted.`)),
      limits.turnMs,
    )
    this.#silence = this.#startSilence()
  }

  /** Something happened. `hasOpenWork`: silence is fine until the next progress says otherwise. */
  progress(hasOpenWork = false): void {
    if (this.#trouble !== null) clearTimeout(this.#trouble)
    this.#trouble = null
    if (hasOpenWork) {
      if (!this.#isPaused) clearTimeout(this.#silence)
      this.#isPaused = true
    } else if (this.#isPaused) {
      this.#isPaused = false
      this.#silence = this.#startSilence()
    } else {
      // Cheaper than to set a timer again for each of a hundred thousand deltas: it looks at this
      // when it is up.
      this.#lastProgressMs = performance.now()
    }
  }

  /**
   * The CLI says that it has trouble (it reconnects): it may go on so for a while, not for as long
   * as silence may last. `error`: what is wrong with its model, where it tells that; what no such
   * while can mend ends the turn at once.
   */
  trouble(says: string, error: TurnError | null): void {
    this.#says = { text: says, error }
    if (error !== null && outlasts(error, this.#reconnectMs, Date.now())) {
      this.#onPassed(causeOf(error, error.message))
      return
    }
    this.#trouble ??= setTimeout(() => this.#onPassed(this.#troublePassed()), this.#reconnectMs)
  }

  #troublePassed(): StopCause {
    const { error } = this.#says
    const text = error?.message ?? this.#says.text
    const message =
      `For ${seconds(this.#reconnectMs)} s the agent's CLI could not get at its model, and was interrupted. It says: ` +
      `${text.replace(/[.\s]+$/, "")}. Is its model server up?`
    return error === null ? timeout(message) : causeOf(error, message)
  }

  stop(): void {
    if (this.#trouble !== null) clearTimeout(this.#trouble)
    clearTimeout(this.#total)
    clearTimeout(this.#silence)
  }

  #startSilence(leftMs = this.#silenceMs): NodeJS.Timeout {
    if (leftMs === this.#silenceMs) this.#lastProgressMs = performance.now()
    return setTimeout(() => {
      const moreMs = this.#lastProgressMs + this.#silenceMs - performance.now()
      if (moreMs >= 1) {
        this.#silence = this.#startSilence(moreMs)
        return
      }
      this.#onPassed(
        timeout(
          `The agent showed no progress for ${seconds(this.#silenceMs)} s and was interrupted; ` +
            "its model server may be down or unreachable.",
        ),
      )
    }, leftMs)
  }
}

function timeout(message: string): StopCause {
  return { code: "turn_timeout", message }
}

function causeOf({ code, modelStatus, resetsAt }: TurnError, message: string): StopCause {
  const details = { modelStatus, ...(resetsAt !== undefined && { resetsAt }) }
  return { code: isErrorCode(code) ? code : "model_error", message, details }
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10
}

/** True: a limit that lasts longer than `waitMs`: nobody need wait. `now` is of the epoch. */
function outlasts({ code, resetsAt }: TurnError, waitMs: number, now: number): boolean {
  return code === "insufficient_quota" || (resetsAt !== undefined && resetsAt - now > waitMs)
}
