import { existsSync } from "node:fs"
import type { CommandResult, RunCommand } from "../../src/supervise/machine/run-command.ts"

const done: CommandResult = { exitCode: 0, stdout: "", stderr: "", isMissing: false }

/** systemctl and loginctl as far as `SystemdManager` uses them, over one unit file; programs that are tried say `version`. */
export class ScriptedSystemd {
  isEnabled = false
  isActive = false
  readonly #unit: string
  readonly #version: string
  readonly #onCall: () => void

  /** `onCall` comes before each call; what it throws ends whoever calls. */
  constructor(unit: string, version: string, onCall: () => void) {
    this.#unit = unit
    this.#version = version
    this.#onCall = onCall
  }

  readonly run: RunCommand = async (program, args) => {
    if (program !== "systemctl") {
      if (!existsSync(program) && program.startsWith("/")) return { ...done, exitCode: null, isMissing: true }
      return { ...done, stdout: program === "loginctl" ? "yes\n" : `${this.#version}\n` }
    }
    const words = args.filter((arg) => !arg.startsWith("--"))
    const isThere = existsSync(this.#unit)
    switch (words[0]) {
      case undefined:
        return { ...done, stdout: "systemd 255 (255)\n" }
      case "show":
        return { ...done, stdout: this.#shown() }
    }
    this.#onCall()
    switch (words[0]) {
      case "enable":
        if (!isThere) return missing
        this.isEnabled = true
        return done
      case "restart":
        if (!isThere) return missing
        this.isActive = true
        return done
      case "disable":
        this.isActive = false
        this.isEnabled = false
        return isThere ? done : missing
      case "stop":
        this.isActive = false
        return done
      default:
        return done
    }
  }

  #shown(): string {
    const state = this.isEnabled ? "enabled" : "disabled"
    return `ActiveState=${this.isActive ? "active" : "inactive"}\nUnitFileState=${state}\n`
  }
}

const missing = { ...done, exitCode: 5, stderr: "Unit ai-agent-proxy.service not found." }
