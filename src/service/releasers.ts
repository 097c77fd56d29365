import type { ServiceLog } from "./service-log.ts"

/** Started resources, released last in first out, each in its own try: one failure must not keep the others. */
export class Releasers {
  readonly #log: ServiceLog
  readonly #steps: { readonly name: string; readonly release: () => unknown }[] = []

  constructor(log: ServiceLog) {
    this.#log = log
  }

  add(name: string, release: () => unknown): void {
    this.#steps.push({ name, release })
  }

  async releaseAll(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step.release()
      } catch (error) {
        this.#log.error({ err: error, step: step.name }, "a part of the service did not stop cleanly")
      }
    }
  }
}
