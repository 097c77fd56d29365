import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite"
import { ProxyError } from "../../domain/errors.ts"
import { isDamaged, isLocked, ledgerError } from "./ledger-error.ts"
import type { LedgerFile } from "./ledger-file.ts"
import type { Columns } from "./row.ts"
import { type StatementName, statements } from "./statements.ts"
import { WriteAheadLog } from "./write-ahead-log.ts"

/** In the order of the statement's `?`, or one object with all its `:names`. */
type Values = readonly SQLInputValue[] | readonly [Readonly<Record<string, SQLInputValue>>]

interface Queued {
  readonly work: () => unknown
  readonly isReading: boolean
  readonly resolve: (result: unknown) => void
  readonly reject: (error: ProxyError) => void
}

/**
 * How long a write waits for another program's one, in milliseconds. It blocks the event loop, so
 * it is meant for a short collision.
 */
const patienceMs = 2_000

/**
 * Named statements over an open database: each is prepared at its first use and kept. All failures
 * are `ProxyError`. Whatever is called first takes effect first, queued or not.
 */
export class LedgerDatabase {
  readonly #database: DatabaseSync
  readonly #file: LedgerFile
  readonly #log: WriteAheadLog
  /** By their text. Those of transactions too: `exec` would parse it each time. */
  readonly #prepared = new Map<string, StatementSync>()
  #queue: Queued[] = []
  #isFlushing = false
  /** Of the transaction that is open. */
  #hasWritten = false
  /** Why the last writing failed, until one succeeds. */
  #unwritable: ProxyError | null = null
  /** Until the service is started again: SQLite may go on reading what it had read before. */
  #damage: ProxyError | null = null
  #isPatient = true

  constructor(database: DatabaseSync, file: LedgerFile) {
    this.#database = database
    this.#file = file
    this.#log = new WriteAheadLog(file.path, () => this.#checkpoint())
    this.#waitFor(patienceMs)
  }

  /**
   * Throws `storage_failed` where what is written now would not be kept. Looks at the files only as
   * long as nothing has failed; after that it tries to write.
   */
  check(): void {
    if (this.#damage !== null) throw this.#damage
    this.all("readFact", "probe")
    if (this.#unwritable !== null) this.transaction("begin immediate", () => this.run("probe"))
    else this.#assertInPlace()
  }

  /**
   * Does `work` as one transaction; whatever it throws undoes it. What writes begins `immediate`: a
   * transaction that turns from reader to writer fails at once when another process wrote
   * meanwhile, without waiting.
   */
  transaction<T>(begin: "begin" | "begin immediate", work: () => T): T {
    this.#flush()
    return this.#transact(begin, work)
  }

  /**
   * Does `work` in one transaction with everything else that is queued in this round of the event
   * loop: a commit costs more than what a turn writes. Work that fails is undone alone; what was
   * queued with it is done once more, each in a transaction of its own.
   */
  enqueue<T>(work: () => T): Promise<T> {
    return this.#enqueue(work, false)
  }

  /** The same for work that only reads: what is queued before it is not committed because of it. */
  enqueueReading<T>(work: () => T): Promise<T> {
    return this.#enqueue(work, true)
  }

  #enqueue<T>(work: () => T, isReading: boolean): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#queue.length === 0) setImmediate(() => this.#flush())
      // It is given what its own work returns.
      this.#queue.push({ work, isReading, resolve: resolve as (result: unknown) => void, reject })
    })
  }

  #transact<T>(begin: "begin" | "begin immediate", work: () => T): T {
    this.#hasWritten = false
    try {
      this.#statement(begin).run()
      const result = work()
      // Last of all, so that nothing is called stored that nobody finds again.
      if (this.#hasWritten) this.#file.assertInPlace()
      this.#statement("commit").run()
      if (this.#hasWritten) {
        this.#unwritable = null
        this.#log.committed()
      }
      // Who only reads waits for nobody, and learns nothing of who writes.
      if (!this.#isPatient && begin === "begin immediate") this.#waitFor(patienceMs)
      return result
    } catch (error) {
      // Some errors (a full disk) have ended the transaction already.
      if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec("rollback")
      throw this.#failedBy(error)
    }
  }

  #assertInPlace(): void {
    try {
      this.#file.assertInPlace()
    } catch (error) {
      throw ledgerError(error)
    }
  }

  #failedBy(error: unknown): ProxyError {
    const known = ledgerError(error)
    if (isDamaged(known)) this.#damage ??= known
    else if (known.code === "storage_failed") this.#unwritable = known
    // Who holds it for so long holds it for longer: no other request is to wait, one after the
    // other, for nothing.
    if (this.#isPatient && isLocked(known)) this.#waitFor(0)
    return known
  }

  #waitFor(ms: number): void {
    this.#isPatient = ms > 0
    this.#database.exec(`pragma busy_timeout = ${ms}`)
  }

  /** Runs a statement that writes, within a transaction; the number of rows it changed. */
  run(name: StatementName, ...values: Values): number {
    const changes = Number(this.#statement(statements[name]).run(...asBound(values)).changes)
    if (changes > 0) this.#hasWritten = true
    return changes
  }

  /** The same as a transaction of its own. */
  write(name: StatementName, ...values: Values): number {
    return this.transaction("begin immediate", () => this.run(name, ...values))
  }

  /** An update of a record that must be there. */
  change(name: StatementName, id: string, ...values: readonly SQLInputValue[]): void {
    if (this.run(name, ...values) === 0) {
      throw new ProxyError("internal_error", `${id} is not in the ledger (any more).`)
    }
  }

  all(name: StatementName, ...values: Values): readonly Columns[] {
    this.#flush()
    try {
      return this.#statement(statements[name]).all(...asBound(values))
    } catch (error) {
      throw this.#failedBy(error)
    }
  }

  findOne<T>(name: StatementName, recordOf: (columns: Columns) => T, ...values: Values): T | null {
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

  #checkpoint(): void {
    if (!this.#database.isOpen) return
    try {
      this.#database.exec("pragma wal_checkpoint(passive)")
    } catch {
      // Nothing is lost: it is tried again with later commits, which say what is wrong.
    }
  }

  /** Safe twice. */
  close(): void {
    this.#flush()
    this.#prepared.clear()
    if (this.#database.isOpen) this.#database.close()
  }

  #flush(): void {
    if (this.#isFlushing || this.#queue.length === 0) return
    const batch = this.#queue
    this.#queue = []
    this.#isFlushing = true
    try {
      // Who only reads takes no lock that others who write would wait for.
      if (batch.every(({ isReading }) => isReading)) this.#doTogether(batch, "begin")
      else if (batch.length === 1) this.#doAlone(batch)
      else this.#doTogether(batch, "begin immediate")
    } finally {
      this.#isFlushing = false
    }
  }

  #doTogether(batch: readonly Queued[], begin: "begin" | "begin immediate"): void {
    try {
      const settle = this.#transact(begin, () => batch.map((queued) => this.#doApart(queued)))
      for (const tell of settle) tell()
    } catch (error) {
      // Nothing was stored, and each finds out for itself whether it was the one. (A savepoint for
      // each would spare the others this, and cost every turn what hardly ever happens.)
      if (begin === "begin immediate") this.#doAlone(batch)
      else for (const { reject } of batch) reject(this.#failedBy(error))
    }
  }

  /** Within the open transaction: what to tell once it is committed. Throws where it cannot be. */
  #doApart({ work, isReading, resolve, reject }: Queued): () => void {
    try {
      const result = work()
      return () => resolve(result)
    } catch (error) {
      if (!isReading || !this.#database.isTransaction) throw error
      const known = this.#failedBy(error)
      return () => reject(known)
    }
  }

  #doAlone(batch: readonly Queued[]): void {
    for (const { work, isReading, resolve, reject } of batch) {
      try {
        resolve(this.#transact(isReading ? "begin" : "begin immediate", work))
      } catch (error) {
        reject(this.#failedBy(error))
      }
    }
  }

  #statement(text: string): StatementSync {
    let statement = this.#prepared.get(text)
    if (statement === undefined) {
      statement = this.#database.prepare(text)
      this.#prepared.set(text, statement)
    }
    return statement
  }
}

/** The driver takes an object of names in front of the others: its types know it by an overload. */
function asBound(values: Values): readonly SQLInputValue[] {
  return values as readonly SQLInputValue[]
}
