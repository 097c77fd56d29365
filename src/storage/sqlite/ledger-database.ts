import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite"
import { ProxyError } from "../../domain/errors.ts"
import { ledgerError } from "./ledger-error.ts"
import { type StatementName, statements } from "./statements.ts"

type Columns = Readonly<Record<string, SQLOutputValue>>

type Control = "begin" | "begin immediate" | "commit" | "savepoint queued" | "release queued"

interface Queued {
  readonly work: () => unknown
  readonly resolve: (result: unknown) => void
  readonly reject: (error: ProxyError) => void
}

/**
 * Named statements over an open database: each is prepared at its first use and kept. All failures are `ProxyError`.
 * Whatever is called first takes effect first, queued or not.
 */
export class LedgerDatabase {
  readonly #database: DatabaseSync
  readonly #prepared = new Map<StatementName, StatementSync>()
  /** Of transactions, by their text: `exec` would parse it each time. */
  readonly #controls = new Map<Control, StatementSync>()
  #queue: Queued[] = []
  #isFlushing = false

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  /**
   * Does `work` as one transaction; whatever it throws undoes it. What writes begins `immediate`: a transaction that
   * turns from reader to writer fails at once when another process wrote meanwhile, without waiting.
   */
  transaction<T>(begin: "begin" | "begin immediate", work: () => T): T {
    this.#flush()
    return this.#transact(begin, work)
  }

  /**
   * Does `work` in one transaction with everything else that is queued in this round of the event loop: a commit costs more
   * than what a turn writes. Work that fails is undone alone.
   */
  enqueue<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#queue.length === 0) setImmediate(() => this.#flush())
      // It is given what its own work returns.
      this.#queue.push({ work, resolve: resolve as (result: unknown) => void, reject })
    })
  }

  #transact<T>(begin: "begin" | "begin immediate", work: () => T): T {
    try {
      this.#control(begin)
      const result = work()
      this.#control("commit")
      return result
    } catch (error) {
      // Some errors (a full disk) have ended the transaction already.
      if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec("rollback")
      throw ledgerError(error)
    }
  }

  /** Runs a statement that writes; the number of rows it changed. */
  run(name: StatementName, ...values: readonly SQLInputValue[]): number {
    return Number(this.#prepare(name).run(...values).changes)
  }

  /** An update of a record that must be there. */
  change(name: StatementName, id: string, ...values: readonly SQLInputValue[]): void {
    if (this.run(name, ...values) === 0) {
      throw new ProxyError("internal_error", `${id} is not in the ledger (any more).`)
    }
  }

  all(name: StatementName, ...values: readonly SQLInputValue[]): readonly Columns[] {
    this.#flush()
    try {
      return this.#prepare(name).all(...values)
    } catch (error) {
      throw ledgerError(error)
    }
  }

  findOne<T>(
    name: StatementName,
    recordOf: (columns: Columns) => T,
    ...values: readonly SQLInputValue[]
  ): T | null {
    const [columns] = this.all(name, ...values)
    return columns === undefined ? null : recordOf(columns)
  }

  /** Gives up to `pages` free pages back to the file system. */
  vacuum(pages: number): void {
    try {
      this.#database.exec(`pragma incremental_vacuum(${pages})`)
    } catch (error) {
      throw ledgerError(error)
    }
  }

  /** Safe twice. */
  close(): void {
    this.#flush()
    this.#prepared.clear()
    this.#controls.clear()
    if (this.#database.isOpen) this.#database.close()
  }

  #flush(): void {
    if (this.#isFlushing || this.#queue.length === 0) return
    const batch = this.#queue
    this.#queue = []
    this.#isFlushing = true
    try {
      if (batch.length === 1) this.#doAlone(batch)
      else this.#doTogether(batch)
    } finally {
      this.#isFlushing = false
    }
  }

  #doTogether(batch: readonly Queued[]): void {
    try {
      const settle = this.#transact("begin immediate", () => batch.map((queued) => this.#doApart(queued)))
      for (const tell of settle) tell()
    } catch {
      // The commit failed, or an error that ends a transaction (a full disk): nothing was stored, and each finds out for
      // itself whether it was the one.
      this.#doAlone(batch)
    }
  }

  /** Within the open transaction; what to tell when that is committed. Throws when there is none any more. */
  #doApart({ work, resolve, reject }: Queued): () => void {
    this.#control("savepoint queued")
    try {
      const result = work()
      this.#control("release queued")
      return () => resolve(result)
    } catch (error) {
      if (!this.#database.isTransaction) throw error
      this.#database.exec("rollback to queued; release queued")
      return () => reject(ledgerError(error))
    }
  }

  #doAlone(batch: readonly Queued[]): void {
    for (const { work, resolve, reject } of batch) {
      try {
        resolve(this.#transact("begin immediate", work))
      } catch (error) {
        reject(ledgerError(error))
      }
    }
  }

  #control(text: Control): void {
    let statement = this.#controls.get(text)
    if (statement === undefined) {
      statement = this.#database.prepare(text)
      this.#controls.set(text, statement)
    }
    statement.run()
  }

  #prepare(name: StatementName): StatementSync {
    let statement = this.#prepared.get(name)
    if (statement === undefined) {
      statement = this.#database.prepare(statements[name])
      this.#prepared.set(name, statement)
    }
    return statement
  }
}
