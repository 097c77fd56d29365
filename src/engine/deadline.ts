/**
 * The clocks of a turn: how long it may take in all, how long it may be silent, and how long it may only have trouble. Agent CLIs wait for ever on a
 * dead model server, so somebody must not. Only progress resets the silence clock, and open work (a shell command, a
 * call of a client's function) stops it: a build may rightly be silent for an hour.
 */
export class Deadline {
  readonly #silenceMs: number
  readonly #reconnectMs: number
  readonly #onPassed: (message: string) => void
  readonly #total: NodeJS.Timeout
  #silence: NodeJS.Timeout
  #isPaused = false
  #trouble: NodeJS.Timeout | null = null

  constructor(
    limits: { readonly turnMs: number; readonly silenceMs: number; readonly reconnectMs: number },
    onPassed: (message: string) => void,
  ) {
    this.#silenceMs = limits.silenceMs
    this.#reconnectMs = limits.reconnectMs
    this.#onPassed = onPassed
    this.#total = setTimeout(
      () => onPassed(`The turn took longer than ${seconds(limits.turnMs)} s and was interrupted.`),
      limits.turnMs,
    )
    this.#silence = this.#startSilence()
  }

  /** Something happened. `hasOpenWork`: silence is fine from now on, until the next progress says otherwise. */
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
      // Cheaper than a new timer for each of a hundred thousand deltas.
      this.#silence.refresh()
    }
  }

  /** The CLI says that it has trouble (it reconnects): it may go on so for a while, not for as long as silence may last. */
  trouble(says: string): void {
    this.#trouble ??= setTimeout(() => {
      const forMs = `${seconds(this.#reconnectMs)} s`
      this.#onPassed(
        `The agent has said nothing for ${forMs} but this, and was interrupted: ${says}. Is its model server up?`,
      )
    }, this.#reconnectMs)
  }

  stop(): void {
    if (this.#trouble !== null) clearTimeout(this.#trouble)
    clearTimeout(this.#total)
    clearTimeout(this.#silence)
  }

  #startSilence(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#onPassed(
        `The agent showed no progress for ${seconds(this.#silenceMs)} s and was interrupted; ` +
          "its model server may be down or unreachable.",
      )
    }, this.#silenceMs)
  }
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10
}
