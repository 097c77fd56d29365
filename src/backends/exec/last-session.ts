import type { ThreadRef } from "../../domain/backend.ts"
import type { ThreadFiles } from "../kit/per-turn/thread-files.ts"

/** One process that leaves a session behind. */
export interface SessionRun {
  /** The newest session is the thread's: others start once it is known, or the run is over. */
  readonly isLast: boolean
  /** The program has said which session it took: others may start now. */
  sessionTaken(): void
  /** `whole`: the session holds all of the thread. `unused`: no process was started. Safe twice. */
  end(session: "whole" | "broken" | "unused"): Promise<void>
}

/**
 * Whose session `resume --last` would find. The program picks the newest session of the workspace,
 * whoever made it: two principals, a chat with a session header and the shared main thread all run
 * there. So `--last` may stand for a thread only when nobody else has run since that thread did; in
 * doubt it may not, and the thread is told its history again.
 */
export class LastSession {
  readonly #files: ThreadFiles
  /** Undefined: nobody of ours has run here yet. Null: not known. */
  #owner: ThreadRef | null | undefined
  #loading: Promise<void> | null = null
  readonly #running = new Set<object>()
  /** Runs that were not alone. */
  readonly #mixed = new WeakSet<object>()
  /** Set while a run depends on being the newest. */
  #exclusive: Promise<void> | null = null
  #writing: Promise<void> = Promise.resolve()

  constructor(files: ThreadFiles) {
    this.#files = files
  }

  async isOf(thread: ThreadRef): Promise<boolean> {
    await this.#load()
    return this.#owner === thread
  }

  /**
   * `isNew`: the thread has neither run nor a history, so it may take up what a person has left
   * here. `mayTake` false: the thread never runs on the newest session (it has a name, or is
   * ephemeral), but makes one the newest.
   */
  async begin(
    thread: ThreadRef,
    { isNew, mayTake }: { readonly isNew: boolean; readonly mayTake: boolean },
  ): Promise<SessionRun> {
    await this.#load()
    while (this.#exclusive !== null) await this.#exclusive
    // From here to the registration nothing is awaited: two may come at the same time.
    const before = this.#owner
    const isLast =
      mayTake && this.#running.size === 0 && (before === thread || (before === undefined && isNew))
    const run = {}
    for (const other of this.#running) this.#mixed.add(other)
    if (this.#running.size > 0) this.#mixed.add(run)
    this.#running.add(run)
    const sessionTaken = isLast ? this.#excludeOthers() : () => {}
    await this.#own(null)
    return {
      isLast,
      sessionTaken,
      end: async (session) => {
        if (!this.#running.delete(run)) return
        const isAlone = !this.#mixed.has(run)
        if (isAlone && session === "whole") await this.#own(thread)
        else if (isAlone && session === "unused") await this.#own(before)
        sessionTaken()
      },
    }
  }

  #excludeOthers(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#exclusive = promise
    return () => {
      if (this.#exclusive === promise) this.#exclusive = null
      resolve()
    }
  }

  #load(): Promise<void> {
    this.#loading ??= this.#files.readLastRun().then((owner) => {
      this.#owner = owner
    })
    return this.#loading
  }

  async #own(thread: ThreadRef | null | undefined): Promise<void> {
    this.#owner = thread
    // In order: the file must not end with what was true before.
    this.#writing = this.#writing.then(() => this.#files.writeLastRun(thread))
    await this.#writing
  }
}
