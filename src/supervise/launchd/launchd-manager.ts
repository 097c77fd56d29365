import { mkdir, readFile, rm } from "node:fs/promises"
import { dirname, join } from "node:path"
import { removeTemporaries, writeAtomic } from "../../disk/write-atomic.ts"
import { messageOf } from "../../domain/errors.ts"
import { systemCodeOf } from "../../domain/file-problem.ts"
import type { RunCommand } from "../machine/run-command.ts"
import { ServiceError } from "../machine/service-error.ts"
import type { ServiceManager, ServiceScope, ServiceState, ShellCommand } from "../machine/service-manager.ts"
import type { ServiceSpec } from "../machine/service-spec.ts"
import { launchdLabel, launchdLogFile, launchdPlist, specOfLaunchdPlist } from "./launchd-plist.ts"

export interface LaunchdOptions {
  readonly scope: ServiceScope
  readonly user: { readonly uid: number; readonly homeDir: string }
  /** The service's home: its log is there. */
  readonly home: string
  readonly run: RunCommand
  /** Folder of the definition; for tests. */
  readonly folder?: string
}

/** Whether launchd still has the service. */
const notFound = 113

export class LaunchdManager implements ServiceManager {
  readonly name = "launchd"
  readonly scope: ServiceScope
  readonly definitionPath: string
  readonly #domain: string
  readonly #home: string
  readonly #run: RunCommand

  constructor(options: LaunchdOptions) {
    this.scope = options.scope
    this.#run = options.run
    this.#home = options.home
    this.#domain = options.scope === "system" ? "system" : `gui/${options.user.uid}`
    const folder =
      options.folder ??
      (options.scope === "system"
        ? "/Library/LaunchDaemons"
        : join(options.user.homeDir, "Library/LaunchAgents"))
    this.definitionPath = join(folder, `${launchdLabel}.plist`)
  }

  get #target(): string {
    return `${this.#domain}/${launchdLabel}`
  }

  get steps(): readonly ShellCommand[] {
    return [
      ["enable", this.#target],
      ["bootstrap", this.#domain, this.definitionPath],
      ["kickstart", "-k", this.#target],
    ].map((args) => ({ program: "launchctl", args }))
  }

  async define(spec: ServiceSpec): Promise<string> {
    return launchdPlist(spec, this.scope)
  }

  async installed(): Promise<{ readonly spec: ServiceSpec | null; readonly text: string } | null> {
    try {
      const text = await readFile(this.definitionPath, "utf8")
      return { spec: specOfLaunchdPlist(text), text }
    } catch (error) {
      if (systemCodeOf(error) === "ENOENT") return null
      throw new ServiceError("failure", `${this.definitionPath} cannot be read: ${messageOf(error)}.`, error)
    }
  }

  async state(): Promise<ServiceState> {
    const { exitCode, stdout } = await this.#launchctl(["print", this.#target])
    const pid = /^\s*pid = (\d+)/m.exec(stdout)?.[1]
    const state = /^\s*state = (.+)$/m.exec(stdout)?.[1] ?? "not loaded"
    const lastExit = /^\s*last exit code = (.+)$/m.exec(stdout)?.[1]
    return {
      isEnabled: exitCode === 0,
      activity: pid === undefined ? "stopped" : "running",
      pid: pid === undefined ? null : Number(pid),
      detail: lastExit === undefined ? state : `${state}, last exit code ${lastExit}`,
    }
  }

  async install(spec: ServiceSpec): Promise<void> {
    await this.write(spec)
    await this.#must(["enable", this.#target])
    // launchd reads the file at bootstrap only.
    await this.#bootOut()
  }

  async write(spec: ServiceSpec): Promise<void> {
    try {
      await mkdir(dirname(this.definitionPath), { recursive: true })
      await removeTemporaries(this.definitionPath)
      await writeAtomic(this.definitionPath, launchdPlist(spec, this.scope), 0o644)
    } catch (error) {
      throw this.#fileError(error, "written")
    }
  }

  async restart(): Promise<void> {
    const { exitCode } = await this.#launchctl(["print", this.#target])
    // RunAtLoad starts it.
    if (exitCode !== 0) await this.#must(["bootstrap", this.#domain, this.definitionPath])
    else await this.#must(["kickstart", "-k", this.#target])
  }

  async disable(): Promise<void> {
    await this.#bootOut()
    await this.#must(["disable", this.#target])
  }

  async remove(): Promise<void> {
    await this.#bootOut()
    try {
      await rm(this.definitionPath, { force: true })
      await removeTemporaries(this.definitionPath)
    } catch (error) {
      throw this.#fileError(error, "removed")
    }
  }

  logCommand({
    lines,
    isFollowing,
  }: {
    readonly lines: number
    readonly isFollowing: boolean
  }): ShellCommand {
    const follow = isFollowing ? ["-F"] : []
    return { program: "tail", args: ["-n", String(lines), ...follow, launchdLogFile({ home: this.#home })] }
  }

  async #bootOut(): Promise<void> {
    const result = await this.#launchctl(["bootout", this.#target])
    if (result.exitCode === 0 || result.exitCode === notFound || result.exitCode === 3) return
    this.#fail(["bootout", this.#target], result.stderr)
  }

  #launchctl(args: readonly string[]) {
    return this.#run("launchctl", args)
  }

  async #must(args: readonly string[]): Promise<void> {
    const { exitCode, stderr } = await this.#launchctl(args)
    if (exitCode !== 0) this.#fail(args, stderr)
  }

  #fail(args: readonly string[], stderr: string): never {
    const isRight = /not permitted|not privileged/i.test(stderr)
    throw new ServiceError(
      isRight ? "no_rights" : "failure",
      `\`launchctl ${args.join(" ")}\` failed: ${stderr.trim()}`,
    )
  }

  #fileError(error: unknown, what: string): ServiceError {
    const isRight = systemCodeOf(error) === "EACCES" || systemCodeOf(error) === "EPERM"
    return new ServiceError(
      isRight ? "no_rights" : "failure",
      `${this.definitionPath} cannot be ${what}: ${messageOf(error)}.`,
      error,
    )
  }
}
