import { existsSync } from "node:fs"
import { readdir, readFile } from "node:fs/promises"
import { basename, join } from "node:path"
import type { OwnPath } from "../disk/held-folder.ts"
import { readOwnFile } from "../disk/own-file.ts"
import { systemCodeOf } from "../domain/file-problem.ts"
import { printedLine } from "../domain/printed-text.ts"
import { parseAgentId } from "../workspace/agent/agent-id.ts"
import { oldAgents, type TakenOver, unfitName } from "../workspace/take-over/take-over.ts"
import { leftInWords, takenOverBefore } from "../workspace/take-over/taken-over-record.ts"
import { type HealthCheck, ok, warning } from "./machine/health-check.ts"
import { quoteForShell } from "./machine/run-command.ts"
import { keptUnits } from "./systemd/old-unit.ts"
import { otherUnitsOf, type UnitPlace } from "./systemd/units.ts"

/** Release 0.2.0 on this machine, as `enable` and `doctor` tell of it. */
export interface OlderRelease {
  /** That are ours now. */
  readonly agents: readonly string[]
  /** That come along at the next start. */
  readonly waiting: readonly string[]
  /** What becomes of its manager's session, and what else is possible; null: it had no manager. */
  readonly session: string | null
  /** How many it has left in `agent_replies/`. */
  readonly replies: number
  /** Its unit, which ours has taken the place of, the last one of several; null: there is none. */
  readonly keptUnit: string | null
  /** What a person has to see to. */
  readonly toDo: readonly { readonly what: string; readonly next: string }[]
}

function sessionOf(record: TakenOver | null): string {
  const shared = '`sessions = "shared"` in config.toml puts all conversations into one thread, as it did'
  const note = record?.session === undefined ? null : printedLine(record.session.note, 500)
  return `${note ?? "the first conversation with the manager goes on with the last one that codex has of it"}; ${shared}`
}

/** Of a file with the number of a process. */
const maxPidBytes = 64
/** Of `control/runtime.json`. */
const maxRuntimeBytes = 64 * 1024

/** For a folder that cannot come along, or what in one cannot be used (it ends in `/control`). */
function nextFor(home: string, { folder, why }: TakenOver["left"][number]): string {
  if (!folder.endsWith("/control")) return "rename the folder, or leave it: the service does not touch it"
  const path = printedLine(join(home, folder), 1000)
  return why.includes("runtime.json")
    ? `leave it, if the settings of the service will do; else write the agent's own into ${path}/agent.json`
    : "move what is in the way elsewhere and put in its place what belongs there, or leave it: the agent works without"
}

/**
 * What there is of it in this home and, where that is kept running by a unit of systemd, beside
 * that unit; null: nothing, as far as who asks may look.
 */
export async function olderRelease(home: string, unit: UnitPlace | null): Promise<OlderRelease | null> {
  const record = await takenOverBefore(home)
  const waiting = existsSync(home) ? await oldAgents(home, record?.begun) : []
  const others = unit === null ? [] : (await otherUnitsOf(home, unit)).filter(({ isOld }) => isOld)
  const keptUnit = unit === null ? null : ((await keptUnits(unit.definitionPath)).at(-1) ?? null)
  if (record === null && waiting.length === 0 && others.length === 0 && keptUnit === null) return null
  const agents = record?.agents ?? []
  const left = [...(record?.left ?? [])]
  for (const folder of waiting.filter((name) => parseAgentId(name) === null)) {
    if (!left.some((each) => each.folder === folder)) left.push({ folder, why: unfitName })
  }
  return {
    agents,
    waiting: waiting.filter((folder) => parseAgentId(folder) !== null),
    session: [...agents, ...waiting].includes("manager") ? sessionOf(record) : null,
    replies: (await namesIn(join(home, "agent_replies"))).filter((name) => name.endsWith(".json")).length,
    keptUnit,
    toDo: [
      ...left.map((each) => ({ what: leftInWords(each), next: nextFor(home, each) })),
      ...(await processesOf(home, [...agents, ...waiting])),
      ...others.map(({ path }) => ({
        what: `${printedLine(path, 1000)} is another service of it, which would take the same home`,
        next: `${unit?.scope === "user" ? "systemctl --user" : "sudo systemctl"} disable --now ${quoteForShell(printedLine(basename(path), 300))}`,
      })),
    ],
  }
}

/** For people, behind `enable`; `unit`: what of its unit goes on, in words. Empty: nothing. */
export function olderReleaseLines(found: OlderRelease | null, unit: readonly string[]): readonly string[] {
  if (found === null && unit.length === 0) return []
  const { agents = [], waiting = [], session = null, replies = 0, keptUnit = null, toDo = [] } = found ?? {}
  const lines = [
    ["agents", agents.join(", ")],
    ["to come", waiting.join(", ")],
    ["unit", unit.join(", ")],
    ["kept beside", keptUnit ?? ""],
    ["last session", session ?? ""],
    ["replies", replies === 0 ? "" : `${replies} in agent_replies/, as they were`],
    ...toDo.map(({ what, next }) => ["to be seen to", `${what}\n${" ".repeat(17)}next: ${next}`]),
  ].filter(([, what]) => what !== "")
  return [
    "From release 0.2.0 (docs/from-0.2.0.md):",
    ...lines.map(([name = "", what]) => `  ${name.padEnd(13)}  ${what}`),
  ]
}

/** The same for programs. */
export function olderReleaseJson(found: OlderRelease, unit: readonly string[]): object {
  const { agents, waiting: agents_to_come, session: last_session, keptUnit: kept_unit } = found
  return { agents, agents_to_come, last_session, unit, kept_unit, replies: found.replies, to_do: found.toDo }
}

/** The same as lines of `doctor`. */
export async function checkOlderRelease(
  home: string,
  unit: UnitPlace | null,
): Promise<readonly HealthCheck[]> {
  const found = await olderRelease(home, unit)
  if (found === null) return []
  const facts = [
    `${found.agents.join(", ") || "no agent"} came along`,
    ...(found.waiting.length === 0 ? [] : [`${found.waiting.join(", ")} will at the next start`]),
    ...(found.replies === 0
      ? []
      : [`${found.replies} of its replies ${found.replies === 1 ? "is" : "are"} in agent_replies/`]),
    ...(found.keptUnit === null ? [] : [`its unit is kept as ${found.keptUnit}`]),
    ...(found.session === null ? [] : [found.session]),
    "see docs/from-0.2.0.md",
  ]
  return [
    ok("from 0.2.0", facts.join("; ")),
    ...found.toDo.map(({ what, next }) => warning("from 0.2.0", what, next)),
  ]
}

/**
 * Its daemon, and its agents' sessions, which go on when that ends and which no polite signal ends.
 * Only Linux tells whose a process is.
 */
async function processesOf(home: string, agents: readonly string[]): Promise<OlderRelease["toDo"]> {
  const daemon = await pidIn({ root: home, path: "master.pid" }, /python[\w.]* .*\bai[-_]agent[-_]proxy\b/)
  const sessions = await Promise.all(
    agents.flatMap((id) => ["session.pid", "runtime.json"].map((name) => sessionIn(join(home, id), name))),
  )
  const pids = [...new Set(sessions.filter((pid) => pid !== null))]
  const running: { what: string; next: string }[] = []
  if (daemon !== null) {
    const what = `its service still runs in this home (pid ${daemon})`
    running.push({ what, next: `end it first: kill ${daemon}` })
  }
  if (pids.length > 0) {
    const what = `sessions of its agents still run (pid ${pids.join(", ")})`
    running.push({ what, next: `kill -9 ${pids.join(" ")}` })
  }
  return running
}

/** A stopped agent has no `session.pid`, and may run all the same: `runtime.json` has it, too. */
function sessionIn(workspace: string, name: string): Promise<number | null> {
  return pidIn({ root: workspace, path: `control/${name}` }, /python[\w.]* .*\bai_agent_proxy\.session\b/)
}

/** Null: there is no such file, or the process is gone, or is another one by now. */
async function pidIn(own: OwnPath, program: RegExp): Promise<number | null> {
  const isJson = own.path.endsWith(".json")
  const content = await readOwnFile(own, isJson ? maxRuntimeBytes : maxPidBytes).catch(() => null)
  const text = content?.toString("latin1") ?? ""
  const pid = Number(isJson ? /"last_pid"\s*:\s*(\d{1,10})\b/.exec(text)?.[1] : text.trim())
  if (!Number.isInteger(pid) || pid <= 1) return null
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")
  return program.test(command.replaceAll("\0", " ")) ? pid : null
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: unknown) => {
    if (systemCodeOf(error) === "") throw error
    return []
  })
}
