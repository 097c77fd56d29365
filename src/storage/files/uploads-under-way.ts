import { ProxyError } from "../../domain/errors.ts"

const maxUploads = 8
const retryAfterSeconds = 5

interface Account {
  uploads: number
  /** Of uploads that came in, or are coming, and are no file yet. */
  bytes: number
  /** Of all files, as far as is known. */
  stored: number
}

/** One upload of a principal, from its first byte until it is a file or nothing. */
export interface UploadUnderWay {
  /** False: with these bytes the principal would have more than its total. */
  grow(bytes: number): boolean
  /** At the end; only the first call counts. True: it is a file now. */
  end(isKept: boolean): void
}

/**
 * What each principal is uploading: it counts against the quota while it comes, or many uploads at
 * once would fill the disk before the first is refused. The ledger has the last word.
 */
export class UploadsUnderWay {
  readonly #accounts = new Map<string, Account>()
  readonly #maxTotalBytes: number

  constructor(maxTotalBytes: number) {
    this.#maxTotalBytes = maxTotalBytes
  }

  /** Throws `queue_full`. `totalBytes` tells what the principal has stored. */
  async begin(principal: string, totalBytes: () => Promise<number>): Promise<UploadUnderWay> {
    const account = this.#accounts.get(principal) ?? { uploads: 0, bytes: 0, stored: 0 }
    if (account.uploads >= maxUploads) {
      throw new ProxyError("queue_full", `At most ${maxUploads} uploads can run at once. Try again later.`, {
        retryAfterSeconds,
      })
    }
    account.uploads += 1
    this.#accounts.set(principal, account)
    let own = 0
    let hasEnded = false
    const end = (isKept: boolean) => {
      if (hasEnded) return
      hasEnded = true
      account.uploads -= 1
      account.bytes -= own
      if (isKept) account.stored += own
      if (account.uploads === 0) this.#accounts.delete(principal)
    }
    try {
      account.stored = await totalBytes()
    } catch (error) {
      end(false)
      throw error
    }
    return {
      grow: (bytes) => {
        own += bytes
        account.bytes += bytes
        return account.stored + account.bytes <= this.#maxTotalBytes
      },
      end,
    }
  }
}
