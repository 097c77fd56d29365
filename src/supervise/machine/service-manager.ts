import { mkdir, readFile, rm } from "node:fs/promises"
import { dirname } from "node:path"
import { removeTemporaries, writeAtomic } from "../../disk/write-atomic.ts"
import { messageOf } from "../../domain/errors.ts"
import { systemCodeOf } from "../../domain/file-problem.ts"
import { ServiceError } from "./service-error.ts"
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

/** What is installed. */
export interface Definition {
  /** Null: it is damaged, or not ours. */
  readonly spec: ServiceSpec | null
  readonly text: string
}

/**
 * The machine's service manager, for our one service. Methods reject with `ServiceError`. All may
 * be repeated, and may follow one that was killed half-way.
 */
export abstract class ServiceManager {
  abstract readonly name: "systemd" | "launchd"
  readonly scope: ServiceScope
  /** Where the definition is, whether it exists or not. */
  readonly definitionPath: string

  constructor(scope: ServiceScope, definitionPath: string) {
    this.scope = scope
    this.definitionPath = definitionPath
  }

  /** The whole text of the definition. */
  abstract define(spec: ServiceSpec): Promise<string>
  /** Commands that `install` and `restart` run, for people who want to see them first. */
  abstract readonly steps: readonly ShellCommand[]
  abstract state(): Promise<ServiceState>
  /** Writes the definition and has the service start with the machine. Does not start it. */
  abstract install(spec: ServiceSpec): Promise<void>
  /** Starts it, or starts it again; resolves when it is up. */
  abstract restart(): Promise<void>
  /** Stops it, now and for the next boot. */
  abstract disable(): Promise<void>
  /** Stops it and removes the definition. */
  abstract remove(): Promise<void>
  /** Shows its log. */
  abstract logCommand(options: { readonly lines: number; readonly isFollowing: boolean }): ShellCommand
  /** Of the text of a definition; null: it is not ours, or was damaged. */
  protected abstract specOf(text: string): ServiceSpec | null

  /** What is installed; null: nothing. */
  async installed(): Promise<Definition | null> {
    try {
      const text = await readFile(this.definitionPath, "utf8")
      return { spec: this.specOf(text), text }
    } catch (error) {
      if (systemCodeOf(error) === "ENOENT") return null
      throw new ServiceError("failure", `${this.definitionPath} cannot be read: ${messageOf(error)}.`, error)
    }
  }

  /** Writes the definition, and nothing else: no service manager needs to run. */
  async write(spec: ServiceSpec): Promise<void> {
    const text = await this.define(spec)
    await this.keepReplaced()
    await this.changeFile("written", async () => {
      await mkdir(dirname(this.definitionPath), { recursive: true })
      await removeTemporaries(this.definitionPath)
      // Readable by all: there is no secret in it, and a person may want to see what the machine
      // does.
      await writeAtomic(this.definitionPath, text, 0o644)
    })
  }

  /** Of what somebody else has written in its place. */
  protected async keepReplaced(): Promise<void> {}

  protected removeDefinition(): Promise<void> {
    return this.changeFile("removed", async () => {
      await rm(this.definitionPath, { force: true })
      await removeTemporaries(this.definitionPath)
    })
  }

  protected async changeFile(what: "written" | "removed", work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      const isRight = systemCodeOf(error) === "EACCES" || systemCodeOf(error) === "EPERM"
      const message = `${this.definitionPath} cannot be ${what}: ${messageOf(error)}.`
      throw new ServiceError(isRight ? "no_rights" : "failure", message, error)
    }
  }
}
