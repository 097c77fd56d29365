import { join } from "node:path"
import type { RunCommand } from "../machine/run-command.ts"
import { ServiceError } from "../machine/service-error.ts"
import {
  ServiceManager,
  type ServiceScope,
  type ServiceState,
  type ShellCommand,
} from "../machine/service-manager.ts"
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

export class LaunchdManager extends ServiceManager {
  readonly name = "launchd"
  readonly #domain: string
  readonly #home: string
  readonly #run: RunCommand

  constructor(options: LaunchdOptions) {
    const { scope, user, home, run } = options
    const usual = scope === "system" ? "/Library/LaunchDaemons" : join(user.homeDir, "Library/LaunchAgents")
    super(scope, join(options.folder ?? usual, `${launchdLabel}.plist`))
    this.#run = run
    this.#home = home
    this.#domain = scope === "system" ? "system" : `gui/${user.uid}`
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

  protected override specOf(text: string): ServiceSpec | null {
    return specOfLaunchdPlist(text)
  }

  async define(spec: ServiceSpec): Promise<string> {
    return launchdPlist(spec, this.scope)
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
    await this.removeDefinition()
  }

  logCommand({ lines, isFollowing }: Parameters<ServiceManager["logCommand"]>[0]): ShellCommand {
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
}
