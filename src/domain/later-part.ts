import { ProxyError } from "./errors.ts"

/**
 * A part of the program that its start does without: it is loaded once, with the first use or soon
 * after the start, and is in memory from then on. An upgrade removes the files of the program that
 * runs; what was not loaded by then says so.
 */
export class LaterPart<T> {
  readonly #load: () => Promise<T>
  #loaded: Promise<T> | null = null

  constructor(load: () => Promise<T>) {
    this.#load = load
  }

  /** Rejects with `program_replaced` when its file is gone; the next call tries again. */
  get(): Promise<T> {
    this.#loaded ??= this.#load().catch((error: unknown) => {
      this.#loaded = null
      throw isGone(error) ? replaced(error) : error
    })
    return this.#loaded
  }
}

function isGone(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : null
  return code === "ENOENT" || code === "ENOTDIR" || code === "ERR_MODULE_NOT_FOUND"
}

function replaced(error: unknown): ProxyError {
  return new ProxyError(
    "program_replaced",
    "The service's program was replaced or removed while it runs, and this part of it was not in use before. " +
      "Start the service again: `ai-agent-proxy restart`.",
    { cause: error },
  )
}
