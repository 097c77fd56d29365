import type { Store, TurnProgress } from "../../src/domain/store.ts"
import { waitFor } from "../support/wait-for.ts"

/** A ledger in which the progress of turns is stored when the test lets it be. */
export class HeldLedger {
  readonly store: Store
  /** All that was to be stored, held or not. */
  readonly progress: TurnProgress[] = []
  /** Awaited before a new turn is stored. */
  beforeTurn: () => Promise<void> = async () => {}
  #gate: Promise<void> | null = null
  #open: () => void = () => {}
  #failure: unknown = null

  constructor(inner: Store) {
    const saveProgress = async (progress: TurnProgress) => {
      this.progress.push(progress)
      // Nobody is told the CLI's name of a thread, and what comes behind it would wait for it here.
      if (progress.items !== undefined || progress.status !== undefined) await this.#gate
      if (this.#failure !== null) throw this.#failure
      await inner.saveProgress(progress)
    }
    const insertTurn: Store["insertTurn"] = async (...turn) => {
      await this.beforeTurn()
      await inner.insertTurn(...turn)
    }
    this.store = new Proxy(inner, {
      get: (target, name) => {
        if (name === "saveProgress") return saveProgress
        if (name === "insertTurn") return insertTurn
        // The key is one of the store's own.
        const value = target[name as keyof Store]
        return typeof value === "function" ? value.bind(target) : value
      },
    })
  }

  hold(): void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve
    })
  }

  release(): void {
    this.#gate = null
    this.#open()
  }

  /** Nothing can be stored from now on. */
  fail(error: unknown): void {
    this.#failure = error
  }

  /** Resolves when the turn has given the ledger something of that kind. */
  async given(what: string, matches: (progress: TurnProgress) => boolean): Promise<void> {
    await waitFor(() => this.progress.some(matches), { what: `${what} to be given to the ledger` })
  }
}
