import { messageOf } from "../../domain/errors.ts"
import { StartError } from "../kit/process/start-error.ts"
import { RpcProcess, type RpcProcessOptions } from "../kit/warm/rpc-process.ts"
import type { AcpCli } from "./clis.ts"
import type { Trouble } from "./errors.ts"
import type { AcpTimeouts } from "./options.ts"
import {
  type AgentDescription,
  agentDescriptionSchema,
  parseUpdate,
  protocolVersion,
  type SessionUpdate,
} from "./protocol.ts"

/** Of stderr, which may be one line without an end. */
const maxErrorLineLength = 64 * 1024

interface AcpProgramOptions extends RpcProcessOptions {
  readonly cli: AcpCli
  readonly timeouts: AcpTimeouts
  readonly onUpdate: (sessionId: string, update: SessionUpdate) => void
  readonly onTrouble: (trouble: Trouble) => void
}

/** One life of a program that speaks the Agent Client Protocol. */
export class AcpProgram extends RpcProcess {
  readonly #options: AcpProgramOptions
  #description: AgentDescription | null = null
  /** The beginning of a line on stderr. */
  #errorLine = ""

  constructor(options: AcpProgramOptions) {
    const { kind, installStep } = options.cli
    super({ name: kind, protocol: "the Agent Client Protocol", installStep, isStandard: true }, options)
    this.#options = options
  }

  get description(): AgentDescription {
    if (this.#description === null) throw new Error("the handshake comes first")
    return this.#description
  }

  async initialize(): Promise<void> {
    const { kind, installStep } = this.#options.cli
    this.#description = await this.handshake(
      {
        protocolVersion,
        // Its own files and shells: what is served from here would be slower and no safer.
        clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
        clientInfo: { name: "ai-agent-proxy", version: "1" },
      },
      agentDescriptionSchema,
    )
    if (this.#description.protocolVersion !== protocolVersion) {
      throw new StartError(
        `${kind} speaks another version of the Agent Client Protocol than ${protocolVersion}`,
        `${installStep} in another version.`,
        { detail: `version ${this.#description.protocolVersion}` },
      )
    }
  }

  /** Ends it with all that it started; from now on it is not to be used. Safe twice. */
  async end(): Promise<void> {
    this.retire()
    this.process.closeStdin()
    await this.process.end(this.#options.timeouts.endSteps)
  }

  protected kill(): void {
    void this.end()
  }

  /** Its shells are in sessions of their own, and outlive a program that died. */
  protected override afterExit(): void {
    void this.end()
  }

  protected override readErrorOutput(text: string): void {
    const { cli, onTrouble } = this.#options
    if (cli.troubleIn === undefined) return
    const lines = (this.#errorLine + text).split("\n")
    this.#errorLine = lines.pop()?.slice(0, maxErrorLineLength) ?? ""
    for (const line of lines) {
      const trouble = cli.troubleIn(line)
      if (trouble !== null) onTrouble(trouble)
    }
  }

  protected notified(method: string, params: unknown, line: string): void {
    if (method !== "session/update") return
    try {
      const parsed = parseUpdate(params, line)
      if (parsed !== null) this.#options.onUpdate(parsed.sessionId, parsed.update)
    } catch (error) {
      const reason = messageOf(error)
      this.misread("an update", reason, { reason })
    }
  }
}
