import { join } from "node:path"
import type { CommandResult, RunCommand } from "../machine/run-command.ts"
import { ServiceError } from "../machine/service-error.ts"
import {
  ServiceManager,
  type ServiceScope,
  type ServiceState,
  type ShellCommand,
} from "../machine/service-manager.ts"
import type { ServiceSpec } from "../machine/service-spec.ts"
import { keepUnit, parseOldUnit } from "./old-unit.ts"
import { specOfSystemdUnit, systemdUnit } from "./systemd-unit.ts"
import { unitNameIn } from "./units.ts"

interface SystemdOptions {
  readonly scope: ServiceScope
  /** Home directory of the user of a user unit. */
  readonly homeDir: string
  readonly run: RunCommand
  /** The environment of systemctl: a user's manager is found by it. */
  readonly env: NodeJS.ProcessEnv
  /** Where units are, instead of where this scope has them. */
  readonly folder?: string | undefined
  /** Of the unit; without it that of the one that is there, else the usual one. */
  readonly unitName?: string | undefined
}

/** Where systemd looks for units of this kind that people have made. */
export function unitFolderOf({ scope, homeDir }: Pick<SystemdOptions, "scope" | "homeDir">): string {
  return scope === "user" ? join(homeDir, ".config/systemd/user") : "/etc/systemd/system"
}

export class SystemdManager extends ServiceManager {
  readonly name = "systemd"
  readonly unitName: string
  readonly #run: RunCommand
  readonly #env: NodeJS.ProcessEnv
  readonly #scopeFlags: readonly string[]

  constructor(options: SystemdOptions) {
    const folder = options.folder ?? unitFolderOf(options)
    const unitName = options.unitName ?? unitNameIn(folder)
    super(options.scope, join(folder, unitName))
    this.unitName = unitName
    this.#run = options.run
    this.#env = options.env
    this.#scopeFlags = options.scope === "user" ? ["--user"] : []
  }

  get steps(): readonly ShellCommand[] {
    return [["daemon-reload"], ["enable", this.unitName], ["restart", this.unitName]].map((args) => ({
      program: "systemctl",
      args: [...this.#scopeFlags, ...args],
    }))
  }

  protected override specOf(text: string): ServiceSpec | null {
    return specOfSystemdUnit(text)
  }

  async define(spec: ServiceSpec): Promise<string> {
    const { stdout } = await this.#run("systemctl", ["--version"], { env: this.#env })
    const version = /^systemd (\d+)/.exec(stdout)?.[1]
    return systemdUnit(spec, {
      scope: this.scope,
      systemdVersion: version === undefined ? null : Number(version),
    })
  }

  async state(): Promise<ServiceState> {
    const fields = ["ActiveState", "SubState", "MainPID", "UnitFileState", "Result", "StatusText"]
    const { stdout } = await this.#systemctl(["show", this.unitName, `--property=${fields.join(",")}`])
    const values = new Map(
      stdout.split("\n").map((line): [string, string] => {
        const [name = "", ...rest] = line.split("=")
        return [name, rest.join("=")]
      }),
    )
    const active = values.get("ActiveState") ?? ""
    const sub = values.get("SubState") ?? ""
    const pid = Number(values.get("MainPID") ?? 0)
    const result = values.get("Result") ?? ""
    return {
      isEnabled: (values.get("UnitFileState") ?? "").startsWith("enabled"),
      activity: activities[active] ?? "stopped",
      pid: pid > 0 ? pid : null,
      detail: [
        `${active} (${sub})`,
        ...(result === "" || result === "success" ? [] : [`last end: ${result}`]),
        ...[values.get("StatusText") ?? ""].filter((text) => text !== ""),
      ].join(", "),
    }
  }

  async install(spec: ServiceSpec): Promise<void> {
    await this.write(spec)
    await this.#systemctl(["daemon-reload"])
    await this.#systemctl(["enable", "--quiet", this.unitName])
  }

  protected override async keepReplaced(): Promise<void> {
    const before = await this.installed()
    if (before === null || parseOldUnit(before.text) === null) return
    await this.changeFile("written", () => keepUnit(this.definitionPath, before.text))
  }

  async restart(): Promise<void> {
    // A unit that gave up is not started again otherwise; one that is not known yet has nothing to
    // reset.
    await this.#run("systemctl", [...this.#scopeFlags, "reset-failed", this.unitName], { env: this.#env })
    const result = await this.#attempt(["restart", this.unitName])
    if (result.exitCode === 0) return
    this.#throwIfNotUsable(result)
    const log = await this.#lastLog()
    throw new ServiceError(
      "failure",
      `The service does not start:\n\n${log}\n\nNext: ai-agent-proxy doctor, or ai-agent-proxy logs`,
    )
  }

  async disable(): Promise<void> {
    await this.#systemctl(["disable", "--quiet", "--now", this.unitName])
  }

  async remove(): Promise<void> {
    const isInstalled = (await this.installed()) !== null
    // Also where the file is gone already: the service may still run from what systemd remembers.
    const stopped = await this.#attempt(["disable", "--quiet", "--now", this.unitName])
    if (isInstalled && stopped.exitCode !== 0) this.#fail(["disable", "--now", this.unitName], stopped)
    if (!isInstalled) await this.#attempt(["stop", this.unitName])
    await this.removeDefinition()
    await this.#systemctl(["daemon-reload"])
    await this.#attempt(["reset-failed", this.unitName])
  }

  logCommand({ lines, isFollowing }: Parameters<ServiceManager["logCommand"]>[0]): ShellCommand {
    const follow = isFollowing ? ["--follow"] : []
    const unit = this.scope === "user" ? ["--user", "--user-unit"] : ["--unit"]
    return {
      program: "journalctl",
      args: [...unit, this.unitName, "--no-pager", "--output=cat", `--lines=${lines}`, ...follow],
    }
  }

  async #lastLog(): Promise<string> {
    const { program, args } = this.logCommand({ lines: 12, isFollowing: false })
    const { stdout } = await this.#run(program, args, { env: this.#env })
    const text = stdout.trim()
    return text === "" ? "(its log is empty, or you may not read it)" : text
  }

  async #systemctl(args: readonly string[]): Promise<CommandResult> {
    const result = await this.#attempt(args)
    if (result.exitCode !== 0) this.#fail(args, result)
    return result
  }

  #attempt(args: readonly string[]): Promise<CommandResult> {
    // Without a question for a password: commands of ours say themselves who may run them.
    const flags = [...this.#scopeFlags, "--no-ask-password"]
    return this.#run("systemctl", [...flags, ...args], { env: this.#env })
  }

  #fail(args: readonly string[], result: CommandResult): never {
    this.#throwIfNotUsable(result)
    const command = ["systemctl", ...this.#scopeFlags, ...args].join(" ")
    const silent = result.exitCode === null ? "it did not answer in time" : ""
    const reason = result.stderr.trim() || silent
    throw new ServiceError("failure", `\`${command}\` failed: ${reason}`)
  }

  #throwIfNotUsable({ isMissing, stderr }: CommandResult): void {
    if (isMissing || /not been booted with systemd|Host is down/.test(stderr)) {
      throw new ServiceError("unavailable", `${noSystemd}\n${stderr.trim()}`.trim())
    }
    if (/Failed to connect to.*bus|XDG_RUNTIME_DIR/i.test(stderr)) {
      throw new ServiceError("unavailable", this.scope === "user" ? noUserManager : `${noSystemd}\n${stderr}`)
    }
    if (/[Aa]uthentication required|Access denied|Permission denied/.test(stderr)) {
      throw new ServiceError("no_rights", `systemd does not let this user do it: ${stderr.trim()}`)
    }
  }
}

export const noSystemd =
  "There is no systemd here that could keep the service running.\n" +
  "Run it in the foreground instead, under whatever starts programs on this machine (a container's command, tmux, runit):\n" +
  "  ai-agent-proxy daemon"

const noUserManager =
  "There is no systemd user manager for this log-in (it comes with a log-in by console, desktop or ssh; not with su or sudo).\n" +
  "Either log in directly, or have one always:  sudo loginctl enable-linger $USER\n" +
  "Or use the machine's own manager:  sudo env PATH=$PATH ai-agent-proxy enable"

/** By systemd's word; in any other it is stopped. */
const activities: Readonly<Record<string, ServiceState["activity"]>> = {
  active: "running",
  reloading: "running",
  deactivating: "running",
  activating: "starting",
  failed: "failed",
}

/** True: the user's manager runs from boot on and after log-out; null: not known. */
export async function hasLinger(user: string, run: RunCommand): Promise<boolean | null> {
  const { exitCode, stdout } = await run("loginctl", ["show-user", user, "--property=Linger", "--value"])
  if (exitCode === 0) return stdout.trim() === "yes"
  // loginctl knows only users who are logged in or linger.
  return exitCode === null ? null : false
}

/** Some machines let a user do it, else: the sentence that says who can. Null: it is on. */
export async function enableLinger(user: string, run: RunCommand): Promise<string | null> {
  if ((await hasLinger(user, run)) === true) return null
  const { exitCode } = await run("loginctl", ["--no-ask-password", "enable-linger", user])
  if (exitCode === 0) return null
  return `The service starts when ${user} logs in and ends at log-out. To have it always: sudo loginctl enable-linger ${user}`
}
