import type { PageRequest } from "./pages.ts"

/** A file that a client uploaded. Times in milliseconds since 1970. */
export interface FileRecord {
  /** `file-...`; later files have greater ids. */
  readonly id: string
  readonly principal: string
  /** For people only: never a path, never the name on disk. */
  readonly name: string
  readonly bytes: number
  /** `user_data`, `assistants`, `vision`, ...: what the client said it is for. */
  readonly purpose: string
  readonly mimeType: string
  /** Hexadecimal. */
  readonly sha256: string
  readonly createdAt: number
  /** From then on it is gone for everybody. Null: it stays. */
  readonly expiresAt: number | null
}

/** `after` need not exist any more: a list can be read while its entries are deleted. */
export interface FileQuery extends PageRequest {
  /** Null: all. */
  readonly purpose: string | null
}

/** The ledger's part. Expired ones count as not there, in every method with `now`. */
export interface FileLedger {
  /** False: with it the principal's files would be more than `maxTotalBytes`. */
  insertFile(file: FileRecord, maxTotalBytes: number): Promise<boolean>
  findFile(principal: string, id: string, now: number): Promise<FileRecord | null>
  listFiles(principal: string, query: FileQuery, now: number): Promise<readonly FileRecord[]>
  deleteFile(principal: string, id: string, now: number): Promise<boolean>
  /** Expired files count as long as they are there. */
  totalFileBytes(principal: string): Promise<number>
  /** Forgets up to `limit` files that expired by `now`; returns their ids. */
  deleteExpiredFiles(now: number, limit: number): Promise<readonly string[]>
  /**
   * Milliseconds since 1970: of files that came before it the ledger may not know, for it was made
   * anew, or restored from a copy, since. Such are no leftovers.
   */
  knownSince(): Promise<number>
  /** Of any principal, expired or not. */
  hasFile(id: string): Promise<boolean>
}

/** What a client says of a file that it uploads. */
export interface UploadFields extends Pick<FileRecord, "name" | "purpose" | "mimeType"> {
  /** Null: it stays. */
  readonly expiresAfterMs: number | null
}

/** Bytes that came in and belong to no file yet. Exactly one of the two methods is to be called. */
export interface ReceivedUpload {
  readonly bytes: number
  readonly sha256: string
  /** Rejects with `file_storage_full`; nothing is left then. */
  keep(file: UploadFields): Promise<FileRecord>
  discard(): Promise<void>
}

/** Uploaded files with their content. A principal sees its own only. */
export interface FileLibrary {
  /** Rejects with `body_too_large` or `file_storage_full`, or as `content`; leaves nothing. */
  receive(principal: string, content: AsyncIterable<Uint8Array>): Promise<ReceivedUpload>
  /** Rejects with `file_not_found`. */
  find(principal: string, id: string): Promise<FileRecord>
  list(principal: string, query: FileQuery): Promise<readonly FileRecord[]>
  /** The content in pieces; rejects with `file_not_found`. */
  open(
    principal: string,
    id: string,
  ): Promise<{ readonly file: FileRecord; readonly content: AsyncIterable<Uint8Array> }>
  /** Rejects with `file_not_found`, also the second time. */
  remove(principal: string, id: string): Promise<void>
}

/** A file on its way to an agent. */
export interface InboxFile {
  /** As the client wrote it: hostile. Null: it has none. */
  readonly filename: string | null
  readonly mimeType: string
  /** Hexadecimal, of the content. */
  readonly sha256: string
  readonly bytes: number
  readonly content: () => Promise<AsyncIterable<Uint8Array>>
}

/** The folder of an agent's workspace where files from clients come to lie. */
export interface Inbox {
  /**
   * Saves the file, or finds it saved already, and returns its absolute path. With `isKept` false
   * the file goes once every call of `release` for it was made.
   */
  save(workspace: string, file: InboxFile, isKept: boolean): Promise<InboxPlace>
  /**
   * Removes files that no client has sent since `time`, in milliseconds since 1970: the oldest
   * first, of all there are a tenth and ten more at the most.
   */
  deleteUnused(workspace: string, time: number): Promise<void>
}

export interface InboxPlace {
  readonly path: string
  /** The file is no longer needed; does nothing for one that is kept. Safe twice. */
  release(): Promise<void>
}

export interface FetchedFile {
  readonly bytes: Uint8Array
  /** As the server says, without parameters; null: it says nothing usable. */
  readonly mimeType: string | null
  /** Last part of the path; hostile. */
  readonly filename: string | null
}

/** Why an address is not fetched, as the end of a sentence: `it is not public`. */
export class FetchError extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause })
    this.name = "FetchError"
  }
}

/** Fetches what clients point at, without becoming their way into the network of this machine. */
export interface UrlFetcher {
  /** Rejects with `FetchError`. */
  fetch(url: string, want: { readonly isImage: boolean; readonly maxBytes: number }): Promise<FetchedFile>
}
