import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite"
import { messageOf, ProxyError } from "../../domain/errors.ts"
import { type StatementName, statements } from "./statements.ts"

type Columns = Readonly<Record<string, SQLOutputValue>>

/** Named statements over an open database: each is prepared at its first use and kept. All failures are `ProxyError`. */
export class LedgerDatabase {
  readonly #database: DatabaseSync
  readonly #prepared = new Map<StatementName, StatementSync>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  /**
   * Does `work` as one transaction; whatever it throws undoes it. What writes begins `immediate`: a transaction that
   * turns from reader to writer fails at once when another process wrote meanwhile, without waiting.
   */
  transaction<T>(begin: "begin" | "begin immediate", work: () => T): T {
    try {
      this.#database.exec(begin)
      const result = work()
      this.#database.exec("commit")
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
    this.#prepared.clear()
    if (this.#database.isOpen) this.#database.close()
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

/** SQLite's own errors say little on their own ("disk I/O error"): say that it was the ledger. */
function ledgerError(error: unknown): ProxyError {
  if (error instanceof ProxyError) return error
  return new ProxyError("internal_error", `The ledger failed: ${messageOf(error)}.`, { cause: error })
}
