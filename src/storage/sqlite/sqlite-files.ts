import type { FileLedger, FileQuery, FileRecord } from "../../domain/files.ts"
import type { LedgerDatabase } from "./ledger-database.ts"
import { type Columns, Row } from "./row.ts"

/** Above all ids of files, which are hexadecimal digits behind `file-`. */
const behindAllIds = "file-g"

/** The rows of uploaded files; their content lies elsewhere. */
export class SqliteFiles implements FileLedger {
  readonly #ledger: LedgerDatabase

  constructor(ledger: LedgerDatabase) {
    this.#ledger = ledger
  }

  async insertFile(file: FileRecord, maxTotalBytes: number): Promise<boolean> {
    return this.#ledger.transaction("begin immediate", () => {
      if (this.#totalOf(file.principal) + file.bytes > maxTotalBytes) return false
      return this.#ledger.run("insertFile", { ...file }) > 0
    })
  }

  async findFile(principal: string, id: string, now: number): Promise<FileRecord | null> {
    return this.#ledger.findOne("findFile", fileOf, id, principal, now)
  }

  async listFiles(principal: string, query: FileQuery, now: number): Promise<readonly FileRecord[]> {
    const isDescending = query.order === "desc"
    const after = query.after ?? (isDescending ? behindAllIds : "")
    const name = isDescending ? "listFilesNewestFirst" : "listFiles"
    return this.#ledger.all(name, { ...query, principal, after, now }).map(fileOf)
  }

  async deleteFile(principal: string, id: string, now: number): Promise<boolean> {
    return this.#ledger.write("deleteFile", id, principal, now) > 0
  }

  async totalFileBytes(principal: string): Promise<number> {
    return this.#totalOf(principal)
  }

  async deleteExpiredFiles(now: number, limit: number): Promise<readonly string[]> {
    return this.#ledger.transaction("begin immediate", () => {
      const ids = this.#ledger
        .all("findExpiredFiles", now, limit)
        .map((columns) => new Row(columns, "an expired file").text("id"))
      for (const id of ids) this.#ledger.run("deleteExpiredFile", id)
      return ids
    })
  }

  async hasFile(id: string): Promise<boolean> {
    return this.#ledger.all("hasFile", id).length > 0
  }

  async knownSince(): Promise<number> {
    const [columns] = this.#ledger.all("readFact", "files_known_since")
    return new Row(columns ?? {}, "a fact of the ledger").integer("value")
  }

  #totalOf(principal: string): number {
    const [columns] = this.#ledger.all("totalFileBytes", principal)
    return new Row(columns ?? {}, `the files of ${principal}`).integer("total")
  }
}

function fileOf(columns: Columns): FileRecord {
  const row = new Row(columns, `file ${String(columns.id)}`)
  return {
    id: row.text("id"),
    principal: row.text("principal"),
    name: row.text("name"),
    bytes: row.integer("bytes"),
    purpose: row.text("purpose"),
    mimeType: row.text("mime_type"),
    sha256: row.text("sha256"),
    createdAt: row.integer("created_at"),
    expiresAt: row.integerOrNull("expires_at"),
  }
}
