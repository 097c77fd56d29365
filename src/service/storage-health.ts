import { ProxyError } from "../domain/errors.ts"
import { storageFailed } from "../domain/file-problem.ts"
import type { Store } from "../domain/store.ts"

/** Why what is said now would not be kept; null: it would. Asked for again each time, so that it goes away by itself. */
export type StorageProblem = () => Promise<ProxyError | null>

export function storageProblemOf(store: Pick<Store, "check">): StorageProblem {
  return async () => {
    try {
      await store.check()
      return null
    } catch (error) {
      return error instanceof ProxyError ? error : storageFailed("The ledger cannot be used", error)
    }
  }
}
