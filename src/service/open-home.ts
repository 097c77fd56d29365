import { join } from "node:path"
import { AgeClock } from "../engine/log/age-clock.ts"
import { DiskFileLibrary } from "../storage/files/disk-file-library.ts"
import { isLedgerGone, isLogGone, ledgerCommandLine } from "../storage/sqlite/ledger-damage.ts"
import { openSqliteStore } from "../storage/sqlite/open-sqlite-store.ts"
import { openHome, sweepTemporaries } from "../workspace/home/home.ts"
import { lockHome } from "../workspace/home/home-lock.ts"
import type { Starting } from "./starting.ts"

/**
 * The first step: the home is there, and nobody else's. `isLedgerCut`: what a killed service had
 * last written is missing in the ledger.
 */
export async function takeHome({ options, now, log, releasers }: Starting) {
  const { config: base } = options
  for (const warning of await openHome(base.home)) log("warn", warning)
  const isLedgerCut = isLogGone(base.home)
  const lock = await lockHome(base.home)
  releasers.add("home lock", () => lock.release())
  const left = await sweepTemporaries(base.home, now())
  if (left.length > 0) log("info", "what a killed process had left half-written is removed", { files: left })
  const config = (await options.completeConfig?.(base)) ?? base
  return { config, lock, isLedgerCut }
}

export type OwnHome = Awaited<ReturnType<typeof takeHome>>

/** The second step: what is kept, with the uploaded files. */
export async function openLedger({ now, log, releasers }: Starting, { config, isLedgerCut }: OwnHome) {
  const { home } = config
  if (isLedgerCut) {
    log(
      "warn",
      "the service was killed, and the ledger's write-ahead log (state.db-wal) is gone since: the newest answers may be missing",
      { home, next: "put state.db-wal back while the service is stopped, if you have it" },
    )
  }
  if (isLedgerGone(home)) {
    log("warn", "the home was used before, but there is no ledger (state.db): it begins with an empty one", {
      home,
      next: `${ledgerCommandLine("restore", `${home}/state.db`)} --from FILE`,
    })
  }
  const store = await openSqliteStore(`${home}/state.db`, config.ledgerDurability)
  releasers.add("ledger", () => store.close())
  const ages = await AgeClock.open(store, now)
  const files = new DiskFileLibrary({
    folder: join(home, "files"),
    ledger: store.files,
    limits: config.limits,
    now,
    believed: () => ages.believedWall(),
    log,
  })
  releasers.add("uploaded files", () => files.stop())
  await files.start()
  return { store, ages, files }
}

export type OpenLedger = Awaited<ReturnType<typeof openLedger>>
