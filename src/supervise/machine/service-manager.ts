import type { ServiceSpec } from "./service-spec.ts"

export type ServiceScope = "system" | "user"

export interface ServiceState {
  /** Starts with the machine (system) or with the user's manager (user). */
  readonly isEnabled: boolean
  readonly activity: "running" | "starting" | "stopped" | "failed"
  readonly pid: number | null
  /** The service manager's own words on how it is, for people. */
  readonly detail: string
}

export interface ShellCommand {
  readonly program: string
  readonly args: readonly string[]
}

/**
 * The machine's service manager, for our one service. Methods reject with `ServiceError`. All may be repeated, and
 * may follow one that was killed half-way.
 */
export interface ServiceManager {
  readonly name: "systemd" | "launchd"
  readonly scope: ServiceScope
  /** Where the definition is, whether it exists or not. */
  readonly definitionPath: string
  /** The whole text of the definition. */
  define(spec: ServiceSpec): Promise<string>
  /** Commands that `install` and `restart` run, for people who want to see them first. */
  readonly steps: readonly ShellCommand[]
  /** What is installed; null: nothing. */
  installed(): Promise<{ readonly spec: ServiceSpec | null; readonly text: string } | null>
  state(): Promise<ServiceState>
  /** Writes the definition, and nothing else: no service manager needs to run. */
  write(spec: ServiceSpec): Promise<void>
  /** Writes the definition and has the service start with the machine. Does not start it. */
  install(spec: ServiceSpec): Promise<void>
  /** Starts it, or starts it again; resolves when it is up. */
  restart(): Promise<void>
  /** Stops it, now and for the next boot. */
  disable(): Promise<void>
  /** Stops it and removes the definition. */
  remove(): Promise<void>
  /** Shows its log. */
  logCommand(options: { readonly lines: number; readonly isFollowing: boolean }): ShellCommand
}
