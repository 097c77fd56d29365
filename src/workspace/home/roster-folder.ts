import { type FSWatcher, watch } from "node:fs"
import { lstat, mkdir, readdir, rename, stat } from "node:fs/promises"
import { dirname, join } from "node:path"
import { RefusedEntryError } from "../../disk/held-folder.ts"
import { readOwnFile, writeOwnFile } from "../../disk/own-file.ts"
import { messageOf, ProxyError } from "../../domain/errors.ts"
import { storageFailed, systemCodeOf } from "../../domain/file-problem.ts"
import type { Log } from "../../domain/log.ts"
import {
  type AgentControl,
  ControlFileError,
  controlFile,
  formatControl,
  ownWorkingDir,
  parseControl,
} from "../agent/agent-control.ts"
import { agentIdOf, giveIdentity, parseAgentId, readIdentity } from "../agent/agent-id.ts"
import {
  type AgentWorkspace,
  type AgentWorkspaceOptions,
  ensureAgentWorkspace,
} from "../agent/agent-workspace.ts"
import { decodeFile } from "../agent/text-file.ts"

/** An agent as its folder shows it. */
export interface RosterEntry {
  readonly id: string
  /** Null: it has none yet, or it cannot be read. */
  readonly identity: string | null
  readonly role: string
  readonly name: string | null
  readonly workspace: string
  /** The last good state; null: there was none yet. */
  readonly control: AgentControl | null
  /** What is wrong with the file as it is now. */
  readonly problem: string | null
}

interface Known extends RosterEntry {
  /** Of the file as it was read. */
  readonly stamp: string
}

/** Not every file system tells of changes, and not every editor makes such as are told. */
const pollMs = 5_000
const settleMs = 100
const maxControlBytes = 64 * 1024

/**
 * The agents' folders of a home. They are the truth about who is there: a person may edit, add or
 * remove them, also while the service is down.
 */
export class RosterFolder {
  readonly #home: string
  readonly #log: Log
  readonly #known = new Map<string, Known>()
  readonly #watchers = new Map<string, FSWatcher>()
  #scanning: Promise<unknown> = Promise.resolve()
  #creating: Promise<unknown> = Promise.resolve()
  #poll: NodeJS.Timeout | null = null
  #soon: NodeJS.Timeout | null = null
  #onChange: (() => void) | null = null
  /** Why the home could not be read the last time: it is told once, not with every look. */
  #unreadable = ""

  constructor(home: string, log: Log) {
    this.#home = home
    this.#log = log
  }

  /** As of the last `read`, sorted by id, the manager first. */
  get entries(): readonly RosterEntry[] {
    const rank = ({ id }: RosterEntry) => (id === "manager" ? "" : id)
    return [...this.#known.values()].sort((one, other) => (rank(one) < rank(other) ? -1 : 1))
  }

  find(id: string): RosterEntry | null {
    return this.#known.get(id) ?? null
  }

  /** Reads what has changed; true: something has. One reading at a time. */
  read(): Promise<boolean> {
    const next = this.#scanning.then(() => this.#read())
    this.#scanning = next.catch(() => {})
    return next
  }

  /** Calls `onChange` after each change that somebody makes, read already. */
  watch(onChange: () => void): void {
    this.#onChange = onChange
    this.#poll = setInterval(() => this.#readAndTell(), pollMs)
    this.#poll.unref()
    this.#watchAll()
  }

  /** Safe twice. */
  close(): void {
    this.#onChange = null
    if (this.#poll !== null) clearInterval(this.#poll)
    if (this.#soon !== null) clearTimeout(this.#soon)
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  /**
   * Makes the agent, or completes its folder. Rejects with `ProxyError` for a role or name that
   * cannot be used, one that another agent has among them. One at a time: two must not get the same
   * name.
   */
  create(options: AgentWorkspaceOptions): Promise<AgentWorkspace> {
    const next = this.#creating.then(() => this.#create(options))
    this.#creating = next.catch(() => {})
    return next
  }

  /** Rejects with `ProxyError` where the file cannot be used or written. */
  async change(id: string, changed: Partial<AgentControl>): Promise<void> {
    // What somebody has edited a moment ago stays.
    await this.read()
    const entry = this.find(id)
    // A broken file is a person's work: it is not replaced by what we remember of it.
    if (entry === null || entry.control === null || entry.problem !== null) {
      throw new ProxyError(
        "agent_control_invalid",
        `${entry?.problem ?? `There is no agent '${id}'`}. Correct it first.`,
      )
    }
    const own = { root: entry.workspace, path: controlFile }
    try {
      await writeOwnFile(own, formatControl({ ...entry.control, ...changed }))
    } catch (error) {
      throw storageFailed(`${join(own.root, own.path)} cannot be written`, error)
    }
    await this.read()
  }

  /** Its identity; where it has none, `choose` gives it one. Rejects with `ProxyError`. */
  async identify(id: string, choose: () => Promise<string>): Promise<string> {
    const workspace = join(this.#home, id)
    const identity = (await readIdentity(workspace)) ?? (await giveIdentity(workspace, await choose()))
    const known = this.#known.get(id)
    if (known !== undefined) this.#known.set(id, { ...known, identity })
    return identity
  }

  /** Moves the workspace to `archive/ID-TIME`; resolves with that. Rejects with `ProxyError`. */
  async archive(id: string, time: Date): Promise<string> {
    assertCanGo(id)
    const folder = join(this.#home, "archive")
    const stamp = time.toISOString().replace(/[:.]/g, "-").slice(0, 19)
    try {
      // Not recursive, which calls a read-only file system a missing folder.
      await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
        if (systemCodeOf(error) !== "EEXIST") throw error
      })
      for (let count = 1; ; count += 1) {
        const target = join(folder, count === 1 ? `${id}-${stamp}` : `${id}-${stamp}-${count}`)
        if ((await stat(target).catch(() => null)) !== null) continue
        await rename(join(this.#home, id), target)
        await this.read()
        return target
      }
    } catch (error) {
      throw storageFailed(`${join(this.#home, id)} cannot be moved`, error)
    }
  }

  async #create(options: AgentWorkspaceOptions): Promise<AgentWorkspace> {
    await this.read()
    this.#assertFree(options)
    const made = await ensureAgentWorkspace(this.#home, withOwnFolder(options))
    await this.read()
    return made
  }

  #assertFree({ role, name }: AgentWorkspaceOptions): void {
    let id: string
    try {
      id = agentIdOf(role, name)
    } catch (error) {
      throw new ProxyError("invalid_request", messageOf(error), { cause: error })
    }
    const others = this.entries.filter((entry) => (entry.name ?? entry.role) === name)
    const [other] = others
    // Release 0.2.0 has left two of one name, perhaps: each of them is there.
    if (other === undefined || others.some((entry) => entry.id === id)) return
    throw new ProxyError(
      "invalid_request",
      `There is a '${name}' already: ${other.id}. Choose another name.`,
      { param: "name" },
    )
  }

  async #read(): Promise<boolean> {
    const found = new Set<string>()
    let hasChanged = false
    for (const { name, role, id } of await this.#folders()) {
      const workspace = join(this.#home, id)
      const path = join(workspace, controlFile)
      const before = this.#known.get(id)
      const stamp = await stampOf(path)
      // Without its file a folder is an agent no more; one that is only just being written comes
      // with the next reading.
      if (stamp === null) continue
      found.add(id)
      if (before?.stamp === stamp) continue
      hasChanged = true
      const base = { id, role, name, workspace, stamp }
      const { control, problem } = await readControl(path, base)
      const identity = await readIdentity(workspace).catch(() => null)
      this.#known.set(id, { ...base, identity, control: control ?? before?.control ?? null, problem })
      if (problem !== null)
        this.#log("warn", "a control file cannot be used; the last good state is kept", { problem })
    }
    for (const id of [...this.#known.keys()]) {
      if (found.has(id)) continue
      this.#known.delete(id)
      hasChanged = true
    }
    if (hasChanged && this.#onChange !== null) this.#watchAll()
    return hasChanged
  }

  async #folders(): Promise<{ readonly id: string; readonly role: string; readonly name: string | null }[]> {
    const entries = await readdir(this.#home, { withFileTypes: true })
    return entries.flatMap((entry) => {
      const parts = entry.isDirectory() ? parseAgentId(entry.name) : null
      return parts === null ? [] : [{ id: entry.name, ...parts }]
    })
  }

  #watchAll(): void {
    const wanted = [this.#home, ...this.entries.map(({ workspace }) => join(workspace, "control"))]
    for (const [path, watcher] of this.#watchers) {
      if (wanted.includes(path)) continue
      watcher.close()
      this.#watchers.delete(path)
    }
    for (const path of wanted) if (!this.#watchers.has(path)) this.#watchOne(path)
  }

  #watchOne(path: string): void {
    const drop = (): void => {
      this.#watchers.get(path)?.close()
      this.#watchers.delete(path)
    }
    try {
      const watcher = watch(path, { persistent: false }, (_, name) => {
        // The ledger in the home changes all the time.
        const isAgents =
          name === null || (path === this.#home ? parseAgentId(name) !== null : name === "agent.json")
        if (isAgents) this.#changed()
      })
      watcher.on("error", drop)
      this.#watchers.set(path, watcher)
    } catch {
      // No more watches to be had, or the folder has just gone: the poll finds out.
    }
  }

  /** An editor writes in several steps. */
  #changed(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = null
      this.#readAndTell()
    }, settleMs)
    this.#soon.unref()
  }

  #readAndTell(): void {
    this.read().then(
      (hasChanged) => {
        this.#unreadable = ""
        if (hasChanged) this.#onChange?.()
      },
      (error: unknown) => {
        const problem = messageOf(error)
        if (problem !== this.#unreadable) {
          this.#log("warn", "the agents' folders cannot be read", { error: problem })
        }
        this.#unreadable = problem
      },
    )
  }
}

/** The manager has the service's, as those whose file of an earlier release names none. */
function withOwnFolder(options: AgentWorkspaceOptions): AgentWorkspaceOptions {
  const { role, name, settings } = options
  if (role === "manager" && name === null) return options
  return { ...options, settings: { ...settings, workingDir: settings?.workingDir ?? ownWorkingDir } }
}

/** The service is never without its manager. Throws `ProxyError`. */
export function assertCanGo(id: string): void {
  if (id !== "manager") return
  throw new ProxyError("invalid_request", "The manager cannot be fired; it can be stopped.", { param: "id" })
}

/** Changes whenever the file does, or becomes one that is reached by a link; null: no file. */
async function stampOf(path: string): Promise<string | null> {
  try {
    const folder = await lstat(dirname(path))
    // Reading says what is wrong with it.
    if (!folder.isDirectory()) return `no folder ${folder.ino}`
    const { ino, size, mtimeMs } = await lstat(path)
    return `${folder.ino} ${ino} ${size} ${mtimeMs}`
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemCodeOf(error))) return null
    return `unreadable ${systemCodeOf(error)}`
  }
}

async function readControl(
  path: string,
  { id, workspace }: Pick<RosterEntry, "id" | "workspace">,
): Promise<{ readonly control: AgentControl | null; readonly problem: string | null }> {
  try {
    const text = decodeFile(await readOwnFile({ root: workspace, path: controlFile }, maxControlBytes))
    if (text === null) throw new ControlFileError(`${path}: is no text`)
    const control = parseControl(path, text)
    if (`${control.role}_${control.name ?? ""}`.replace(/_$/, "") !== id) {
      throw new ControlFileError(`${path}: \`role\` and \`name\` must be those of the folder, ${id}`)
    }
    return { control, problem: null }
  } catch (error) {
    const problem =
      error instanceof ControlFileError || error instanceof RefusedEntryError
        ? error.message
        : `${path} cannot be read: ${messageOf(error)}`
    return { control: null, problem }
  }
}
