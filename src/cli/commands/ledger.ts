import { existsSync } from "node:fs"
import { join, resolve } from "node:path"
import { Argument } from "commander"
import { giveToOwner } from "../../disk/write-atomic.ts"
import { inspectLedger } from "../../storage/sqlite/inspect-ledger.ts"
import { copiesOf } from "../../storage/sqlite/ledger-copies.ts"
import { type Restored, restoreLedger } from "../../storage/sqlite/restore-ledger.ts"
import { HomeError, openHome } from "../../workspace/home/home.ts"
import { lockHome } from "../../workspace/home/home-lock.ts"
import { OwnCommand } from "../context/flags.ts"
import { type CommonFlags, homeAndService, homeOf } from "../context/home.ts"
import { exitCodes, UsageError } from "../io/exit-codes.ts"
import { note, print, printJson, shortPath } from "../io/print.ts"

interface LedgerFlags extends CommonFlags {
  readonly from?: string
  readonly empty?: boolean
}

export function ledgerCommand(): OwnCommand {
  return new OwnCommand("ledger")
    .description("Check the file that holds all conversations, or get a good copy of it back.")
    .addArgument(new Argument("<action>", "what to do").choices(["check", "restore"]))
    .option("--from <file>", "restore: this copy, in place of the newest good one")
    .option("--empty", "restore: begin with an empty ledger")
    .withHome()
    .action((action: "check" | "restore", flags: LedgerFlags) => runLedger(action, flags))
    .withHelp(`
\`check\` reads every page and counts what is there, also while the service runs; exit code 1 when something is wrong.
\`restore\` needs a service that is stopped. What was there is kept as state.db.replaced-TIME.
Copies are made at each upgrade: state.db.before-VERSION-TIME.

Examples:
  ai-agent-proxy ledger check
  ai-agent-proxy ledger restore
  ai-agent-proxy ledger restore --from /backup/state.db`)
}

function runLedger(action: "check" | "restore", flags: LedgerFlags): Promise<void> {
  if (action === "restore") return restore(flags)
  if (flags.from !== undefined || flags.empty === true) {
    throw new UsageError("--from and --empty are for `ledger restore`.")
  }
  return check(flags)
}

async function check(flags: LedgerFlags): Promise<void> {
  const { home } = await homeAndService(flags)
  const path = join(home, "state.db")
  const { problem, faults, schemaVersion, counts } = inspectLedger(path)
  const copies = copiesOf(path)
  if (problem !== null) process.exitCode = exitCodes.failure
  if (flags.json === true) {
    printJson({
      ok: problem === null,
      file: path,
      problem,
      faults,
      schema_version: schemaVersion,
      counts,
      copies,
    })
    return
  }
  const state = existsSync(path) ? "ok" : "there is none yet"
  print(`Ledger     ${shortPath(path)}`)
  print(`State      ${problem === null ? state : problem.reason}`)
  for (const fault of faults) print(`  fault    ${fault}`)
  if (schemaVersion !== null) print(`Version    ${schemaVersion}`)
  for (const [table, count] of Object.entries(counts))
    print(`  ${table.padEnd(20)} ${count ?? "cannot be read"}`)
  for (const { path: copy, bytes } of copies) print(`Copy       ${shortPath(copy)} (${bytes} bytes)`)
  if (problem !== null) note(`Next: ${problem.step}`)
}

async function restore(flags: LedgerFlags): Promise<void> {
  if (flags.from !== undefined && flags.empty === true) {
    throw new UsageError("Either --from or --empty, not both.")
  }
  const home = await homeOf(flags)
  const path = join(home, "state.db")
  if (!existsSync(home)) throw new HomeError(home, `There is no ${home}. Name the home with --home.`)
  for (const warning of await openHome(home)) note(warning)
  const isChosen = flags.from !== undefined || flags.empty === true
  const lock = await lockHome(home)
  try {
    if (!isChosen && existsSync(path) && inspectLedger(path).problem === null) {
      throw new UsageError(
        `${path} is good. To go back to a copy all the same, name it with --from; \`ai-agent-proxy ledger check\` lists them.`,
      )
    }
    const from = flags.from === undefined ? null : resolve(flags.from)
    tell(path, restoreLedger(path, { from, isEmpty: flags.empty === true, now: new Date() }), flags)
    giveToOwner(join(home, "daemon.lock"))
  } finally {
    await lock.release()
  }
}

function tell(path: string, { from, kept, passedOver }: Restored, { json }: CommonFlags): void {
  if (json === true) {
    printJson({ file: path, from, kept, passed_over: passedOver })
    return
  }
  for (const each of passedOver) note(`Passed over: ${each}.`)
  print(
    from === null
      ? `${shortPath(path)} is empty now`
      : `${shortPath(path)} is the copy ${shortPath(from)} now`,
  )
  if (kept !== null) print(`what was there is kept: ${shortPath(kept)}`)
  if (from !== null) note("What was said after that copy was made is not in it.")
}
