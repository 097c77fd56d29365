import type { AgentSettings, AgentStatus, NotReady, Readiness } from "../domain/agents.ts"
import type { Backend } from "../domain/backend.ts"
import { messageOf, ProxyError } from "../domain/errors.ts"
import type { Log } from "../domain/log.ts"
import type { HireOrder, Roster } from "../domain/roster.ts"
import type { Store } from "../domain/store.ts"
import type { Agent, AgentRoster } from "../engine/agents/agent.ts"
import type { FinishedTurn } from "../engine/engine.ts"
import { newIdentity } from "../workspace/agent/agent-id.ts"
import { ThreadPreambles } from "../workspace/agent/thread-preamble.ts"
import { assertCanGo, type RosterEntry, type RosterFolder } from "../workspace/home/roster-folder.ts"
import { AgentRecords } from "./agent-records.ts"
import { type MemberDescription, RosterMember, whyNot } from "./roster-member.ts"

/** What one agent is made from. */
export interface Launch {
  readonly entry: RosterEntry
  readonly settings: AgentSettings
  readonly identity: string
  readonly records: AgentRecords
  readonly preambles: ThreadPreambles
  /** Called with each backend before anything of it is started. */
  readonly onBackend: (backend: Backend) => void
}

export interface Launched {
  readonly agent: Agent
  /** Why the demo answers; null: it does not. */
  readonly demoReason: NotReady | null
}

interface RosterOptions {
  readonly now: () => number
  readonly log: Log
  /** Rejects where the agent cannot be made. */
  readonly launch: (launch: Launch) => Promise<Launched>
  /** What would be spawned, for people. Throws `SyntaxError` for a `cli` that cannot be used. */
  readonly programOf: (settings: AgentSettings | null) => string
}

/** What the roster needs of the engine. */
interface TurnsOfAgents {
  endTurnsOf(agentId: string, message: string): Promise<void>
  endParkedOf(agentId: string): Promise<void>
  agents(): readonly AgentStatus[]
}

const retryMs = 5000

interface Wanted {
  readonly entry: RosterEntry
  readonly settings: AgentSettings
}

interface Place {
  readonly member: RosterMember
  readonly records: AgentRecords
  /** What the running agent was made from; null: none runs. */
  running: string | null
  /** What is being done with it, one thing after the other. */
  work: Promise<unknown>
}

/**
 * The agents of the home's folders, run as their control files say. Whatever changes, by command or
 * by a person's edit, changes the file first; then the file and what runs are brought together, in
 * one way.
 */
export class ServiceRoster implements AgentRoster, Roster {
  readonly #folder: RosterFolder
  readonly #threads: Pick<Store, "hasThreadsOf" | "adoptThreads">
  readonly #options: RosterOptions
  readonly #places = new Map<string, Place>()
  readonly #backends = new Set<Backend>()
  readonly #preambles = new ThreadPreambles()
  #turns: TurnsOfAgents | null = null
  #isStopped = false
  members: readonly RosterMember[] = []
  /** Why the demo answers for the manager. */
  demoReason: NotReady | null = null

  constructor(
    folder: RosterFolder,
    threads: Pick<Store, "hasThreadsOf" | "adoptThreads">,
    options: RosterOptions,
  ) {
    this.#folder = folder
    this.#threads = threads
    this.#options = options
  }

  /** Begins to start what should run. Resolves when the manager has been launched. */
  async open(): Promise<void> {
    await this.#folder.read()
    this.#refresh()
    const works = [...this.#places.keys()].map((id) => this.#bringTogether(id))
    await works[0]
  }

  /** From now on agents are stopped with their turns, and edits take effect. */
  connect(turns: TurnsOfAgents): void {
    this.#turns = turns
    this.#folder.watch(() => this.#changed())
  }

  async managerReadiness(): Promise<Readiness> {
    const manager = this.members[0]
    await this.#places.get(manager?.id ?? "")?.work
    if (manager?.agent) return manager.agent.check()
    return manager?.status(0).readiness ?? whyNot("there is no manager", "Start again.")
  }

  list(): readonly AgentStatus[] {
    return this.#turns?.agents() ?? this.members.map((member) => member.status(0))
  }

  /** What is over is told in the folder of its agent. */
  turnFinished(turn: FinishedTurn): void {
    this.#places.get(turn.record.agentId)?.records.turn(turn, new Date(this.#options.now()))
  }

  async hire({
    role,
    name,
    settings,
    hiredBy,
    sharesFolder = false,
  }: HireOrder): Promise<{ agent: AgentStatus; isNew: boolean }> {
    const { id, isNew } = await this.#folder.create({
      role,
      name,
      settings: { ...settings, ...(hiredBy !== undefined && this.#passedOn(hiredBy, sharesFolder)) },
    })
    if (!isNew && this.#folder.find(id)?.control?.desiredState === "stopped") {
      await this.#folder.change(id, { desiredState: "running" })
    }
    this.#refresh()
    await this.#bringTogether(id)
    return { agent: await this.#asked(id), isNew }
  }

  #passedOn(hiredBy: string, sharesFolder: boolean): Partial<AgentSettings> {
    const workingDir = this.#places.get(hiredBy)?.member.agent?.profile.workingDirectory
    return {
      permissions: this.#folder.find(hiredBy)?.control?.permissions ?? "read-only",
      ...(sharesFolder && workingDir !== undefined && { workingDir }),
    }
  }

  async fire(id: string): Promise<{ archive: string }> {
    this.#placeOf(id)
    assertCanGo(id)
    await this.stop(id)
    await this.#placeOf(id).records.settled()
    const archive = await this.#folder.archive(id, new Date(this.#options.now()))
    this.#refresh()
    return { archive }
  }

  async stop(id: string): Promise<AgentStatus> {
    this.#placeOf(id)
    await this.#folder.change(id, { desiredState: "stopped" })
    this.#refresh()
    await this.#bringTogether(id)
    return this.#statusOf(id)
  }

  async start(id: string): Promise<AgentStatus> {
    this.#placeOf(id)
    await this.#folder.change(id, { desiredState: "running" })
    this.#refresh()
    await this.#bringTogether(id)
    return this.#asked(id)
  }

  /** Ends every agent's processes, those that are only starting as well. Safe twice. */
  async close(): Promise<void> {
    this.#isStopped = true
    this.#folder.close()
    await Promise.all(this.members.map(({ agent }) => agent?.stop()))
    await Promise.all([...this.#backends].map((backend) => backend.stop()))
    await Promise.all([...this.#places.values()].map(({ records }) => records.settled()))
  }

  #changed(): void {
    if (this.#isStopped) return
    this.#refresh()
    for (const id of this.#places.keys()) void this.#bringTogether(id)
  }

  /** Places for all with a folder. The manager's stays for ever, others until they are empty. */
  #refresh(): void {
    const folder = this.#folder
    const { now, log } = this.#options
    for (const entry of folder.entries) {
      const place = this.#places.get(entry.id)
      if (place !== undefined) place.member.description = this.#describe(entry)
      else {
        const member = new RosterMember(this.#describe(entry), now())
        const records = new AgentRecords(entry.workspace, log)
        this.#places.set(entry.id, { member, records, running: null, work: Promise.resolve() })
        void records.lastTurnAt().then((at) => member.wasActiveAt(at))
      }
    }
    for (const [id, place] of this.#places) {
      if (folder.find(id) !== null) continue
      // What is addressed to nobody else still finds its place, and is told why it is empty.
      if (id === "manager") place.member.problem = folderGone(place.member.workspace)
      else if (place.running === null && place.member.agent === null) this.#places.delete(id)
    }
    const order = [...this.#places.values()].map(({ member }) => member)
    const rank = ({ id }: RosterMember) => (id === "manager" ? "" : id)
    this.members = order.sort((one, other) => (rank(one) < rank(other) ? -1 : 1))
  }

  /** Runs, stops or replaces an agent until it is as its folder says. */
  #bringTogether(id: string): Promise<void> {
    const place = this.#places.get(id)
    if (place === undefined) return Promise.resolve()
    // A turn that runs must not keep an agent from being stopped.
    if (place.running !== null && this.#wanted(id) === null) this.#endTurns(id)
    return this.#after(place, async () => {
      const wanted = this.#wanted(id)
      const key = wanted === null ? null : keyOf(wanted.entry.identity, wanted.settings)
      if (this.#isStopped || place.running === key) return
      place.running = key
      const before = place.member.agent
      if (wanted === null) before?.takeNoMore(stoppedMessage(id))
      const replaced = place.member.replace(
        async () => this.#turns?.endParkedOf(id),
        async () => (wanted === null ? null : this.#launch(place, wanted)),
      )
      // Only now, when nobody can get hold of the agent any more.
      if (wanted === null) await this.#turns?.endTurnsOf(id, stoppedMessage(id))
      await replaced
      if (before !== null) this.#backends.delete(before.backend)
      if (place.member.agent === null) place.running = null
      if (wanted === null) this.#refresh()
    })
  }

  #after(place: Place, work: () => Promise<void>): Promise<void> {
    const next = place.work.then(work).catch((error: unknown) => {
      this.#options.log("error", "an agent could not be started or stopped", {
        agent: place.member.id,
        err: error,
      })
    })
    place.work = next
    return next
  }

  #endTurns(id: string): void {
    this.#turns?.endTurnsOf(id, stoppedMessage(id)).catch((error: unknown) => {
      this.#options.log("error", "turns could not be ended", { agent: id, err: error })
    })
  }

  /** One of before identities keeps its id and what is under it, if nobody else ever had that. */
  async #identify({ id }: RosterEntry): Promise<string> {
    const choose = async () => ((await this.#threads.hasThreadsOf(id)) ? newIdentity() : id)
    const identity = await this.#folder.identify(id, choose)
    if (identity === id) await this.#threads.adoptThreads({ id, identity })
    return identity
  }

  async #launch(place: Place, { entry, settings }: Wanted): Promise<Agent | null> {
    const { member, records } = place
    const made: Backend[] = []
    const onBackend = (backend: Backend): void => {
      if (this.#isStopped) throw new ProxyError("agent_stopped", "The service is stopping.")
      made.push(backend)
      this.#backends.add(backend)
    }
    try {
      const identity = await this.#identify(entry)
      place.running = keyOf(identity, settings)
      const launch = { entry, settings, identity, records, preambles: this.#preambles, onBackend }
      const { agent, demoReason } = await this.#options.launch(launch)
      if (this.#isStopped) {
        await agent.stop()
        return null
      }
      if (entry.id === "manager") this.demoReason = demoReason
      for (const old of made) if (old !== agent.backend) this.#backends.delete(old)
      member.problem = null
      void agent.start()
      return agent
    } catch (error) {
      if (this.#isStopped) return null
      this.#options.log("error", "the agent cannot be launched; it is tried again", {
        agent: entry.id,
        err: error,
      })
      const nextStep = "It is tried again every few seconds."
      member.problem = whyNot("it cannot be started", nextStep, messageOf(error))
      setTimeout(() => void this.#bringTogether(entry.id), retryMs).unref()
      return null
    }
  }

  #wanted(id: string): Wanted | null {
    const entry = this.#folder.find(id)
    const settings = entry?.control ?? null
    return entry === null || settings === null || settings.desiredState === "stopped"
      ? null
      : { entry, settings }
  }

  #describe(entry: RosterEntry): MemberDescription {
    const { id, identity, role, name, workspace, control, problem } = entry
    let controlProblem = problem
    let program = this.#options.programOf(null)
    try {
      program = this.#options.programOf(control)
    } catch (error) {
      controlProblem ??= `${workspace}/control/agent.json: \`cli\` cannot be used: ${messageOf(error)}`
    }
    return { id, identity, role, name: name ?? role, workspace, settings: control, controlProblem, program }
  }

  #placeOf(id: string): Place {
    const place = this.#places.get(id)
    if (place !== undefined) return place
    throw new ProxyError(
      "agent_not_found",
      `There is no agent '${id.slice(0, 100)}'. Type \`ai-agent-proxy list\`.`,
    )
  }

  #statusOf(id: string): AgentStatus {
    const status = this.list().find((agent) => agent.id === id)
    if (status === undefined) throw new ProxyError("agent_not_found", `There is no agent '${id}' any more.`)
    return status
  }

  /** After its CLI has been asked how it is, so that a pid can be told. */
  async #asked(id: string): Promise<AgentStatus> {
    await this.#placeOf(id).member.agent?.check()
    return this.#statusOf(id)
  }
}

function folderGone(workspace: string): NotReady {
  return whyNot(
    "its folder was moved away or deleted",
    "Put it back, upon which it starts by itself, or restart the service, which makes a new one.",
    workspace,
  )
}

function stoppedMessage(id: string): string {
  return `Agent '${id}' was stopped. Type \`ai-agent-proxy start ${id}\` to have it back.`
}

/** Changes when the agent has to be made anew. */
function keyOf(
  identity: string | null,
  { cli, backend, model, effort, permissions, workingDir, env }: AgentSettings,
): string {
  return JSON.stringify([identity, cli, backend, model, effort, permissions, workingDir, env])
}
