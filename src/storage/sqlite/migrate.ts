import type { DatabaseSync } from "node:sqlite"
import { ProxyError } from "../../domain/errors.ts"
import { upgradeCommand } from "../../domain/installing.ts"
import { ledgerCommandLine } from "./ledger-damage.ts"
import { ledger } from "./migrations/0001-ledger.ts"
import { replies } from "./migrations/0002-replies.ts"
import { removedReplies } from "./migrations/0003-removed-replies.ts"
import { identities } from "./migrations/0004-identities.ts"
import { lineage } from "./migrations/0005-lineage.ts"
import { told } from "./migrations/0006-told.ts"
import { sentReplies } from "./migrations/0007-sent-replies.ts"
import { recentKeys } from "./migrations/0008-recent-keys.ts"
import { sharedTools } from "./migrations/0009-shared-tools.ts"

/** One step forward of the schema. Never edited once released; there are no steps back. */
export interface Migration {
  /** `NNNN-what`, numbered without gaps from 0001. */
  readonly name: string
  readonly sql: string
  /** What SQL alone cannot work out of the rows that are there. In the same transaction. */
  readonly fill?: (database: DatabaseSync) => void
}

/** In order; the schema's version is the number of those that were applied. */
export const migrations: readonly Migration[] = [
  ledger,
  replies,
  removedReplies,
  identities,
  lineage,
  told,
  sentReplies,
  recentKeys,
  sharedTools,
]

/**
 * Brings the schema up to date. The version is SQLite's `user_version`, which is part of the
 * transaction: a crash half-way leaves the old schema, and of two processes that start together one
 * migrates while the other waits.
 */
export function migrate(
  database: DatabaseSync,
  path: string,
  steps: readonly Migration[] = migrations,
): void {
  if (schemaVersion(database, path, steps) === steps.length) return
  database.exec("begin immediate")
  try {
    // Read again under the lock: another process may have been faster.
    for (const step of steps.slice(schemaVersion(database, path, steps))) {
      database.exec(step.sql)
      step.fill?.(database)
    }
    database.exec(`pragma user_version = ${steps.length}`)
    database.exec("commit")
  } catch (error) {
    if (database.isTransaction) database.exec("rollback")
    throw error
  }
}

/** Throws `ProxyError` when a newer program wrote it. */
export function schemaVersion(database: DatabaseSync, path: string, steps: readonly Migration[]): number {
  const version = Number(database.prepare("pragma user_version").get()?.user_version ?? 0)
  if (version > steps.length) {
    throw new ProxyError(
      "internal_error",
      `${path} has schema version ${version}, and this program knows versions up to ${steps.length}: a newer ` +
        `ai-agent-proxy wrote it. Start that newer version again (in its checkout: ${upgradeCommand}), or go back to the copy that ` +
        `was made before its upgrade (${ledgerCommandLine("restore", path)}), which keeps this one beside it.`,
    )
  }
  return version
}
