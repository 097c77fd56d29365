import type { Installation } from "./support/installation.ts"

/** What every measurement gets. */
export interface BenchContext {
  readonly installation: Installation
  /** A new empty folder below the run's own, which is removed at the end. */
  newFolder(name: string): Promise<string>
  /** Fewer rounds: shows that the bench works, not how fast the service is. */
  readonly isQuick: boolean
}
