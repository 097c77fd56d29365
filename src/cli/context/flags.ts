import { resolve } from "node:path"
import { Command, Option } from "commander"
import { kindOfProgram } from "../../backends/create-backend.ts"
import { cliCommandsOf } from "../../config/cli-commands.ts"
import { settings } from "../../config/settings.ts"
import type { AgentSettings } from "../../domain/agents.ts"
import { messageOf } from "../../domain/errors.ts"
import { refusedArgument } from "../../programs/cli-arguments.ts"
import { UsageError } from "../io/exit-codes.ts"
import { note } from "../io/print.ts"

/** How a new agent is run. */
export interface AgentFlags {
  readonly cli?: string
  readonly backend?: string
  readonly model?: string
  readonly effort?: string
  readonly permissions?: string
  readonly workingDir?: string
  readonly env?: string
}

/** As `withSettings` gives them. */
export interface SettingFlags {
  readonly ip?: string
  readonly port?: string
  readonly cli?: string
  readonly apiKey?: string
  readonly auth: boolean
  readonly home?: string
}

/** A command of ours, with the flags that several of them have. */
export class OwnCommand extends Command {
  /** Of whatever reads or changes something in a home; `json` says what is printed then. */
  withHome(json = "the result as JSON"): this {
    return this.option("--home <folder>", "the service's home (default ~/.ai_agent_proxy)").option(
      "--json",
      json,
    )
  }

  /** Settings of the service that have a flag. */
  withSettings(): this {
    for (const { flag, unit, text } of Object.values(settings)) {
      if (flag !== null) this.option(`${flag} <${unit}>`, text)
    }
    return this.option("--no-auth", "serve another address than this machine's own without a key").option(
      "--home <folder>",
      "where everything is kept (default ~/.ai_agent_proxy)",
    )
  }

  /** Which service of this machine is meant. */
  withService(): this {
    return this.option("--system", "the service of the machine")
      .option("--user", "the service of this user")
      .option("--service-name <name>", "of its unit, where there are several")
  }

  /** How a new agent is run. */
  withAgent(): this {
    return this.option("--cli <command>", "its agent CLI (default: the service's)")
      .option("--backend <kind>", "kind of its CLI, where the name does not tell")
      .option("--model <name>", "model for its CLI")
      .option("--effort <effort>", "reasoning effort of turns that ask for none")
      .option("--permissions <permissions>", "full, workspace or read-only (default full)")
      .option("--working-dir <folder>", "folder that its tasks are about (default: work/ in its own)")
      .option("--env <names>", "environment variables that it may see, separated by commas")
  }

  /** Each is told on stderr; what is renamed is handed over as the new one. */
  withOld({ renamed = {}, needless = {} }: OldFlags): this {
    for (const [old, now] of Object.entries(renamed)) {
      this.#whenGiven(`${old} <value>`, (option) => this.#takeAs(option, now))
    }
    for (const [flags, why] of Object.entries(needless)) {
      this.#whenGiven(flags, ({ long }) => note(`${long} ${why}.`))
    }
    return this
  }

  /** Behind the options: what else there is to know, and examples. */
  withHelp(text: string): this {
    return this.addHelpText("after", text)
  }

  #whenGiven(flags: string, act: (option: Option) => void): void {
    const option = new Option(flags).hideHelp()
    this.addOption(option).hook("preAction", () => {
      if (this.#isGiven(option)) act(option)
    })
  }

  #isGiven(option: Option): boolean {
    return this.getOptionValueSource(option.attributeName()) === "cli"
  }

  #takeAs(old: Option, now: string): void {
    const given: unknown = this.getOptionValue(old.attributeName())
    const option = this.options.find(({ long }) => long === now)
    if (option === undefined) throw new Error(`there is no ${now}`)
    const name = option.attributeName()
    if (this.#isGiven(option) && this.getOptionValue(name) !== given)
      throw new UsageError(`${old.long} and ${now} are one setting with two values. Give ${now} alone.`)
    this.setOptionValueWithSource(name, given, "cli")
    note(`${old.long} is called ${now} now.`)
  }
}

/** Throws `UsageError`. */
export function settingsOf(flags: AgentFlags): Partial<AgentSettings> {
  const { cli, backend, model, effort, permissions, workingDir, env } = flags
  if (permissions !== undefined && !isPermissions(permissions)) {
    throw new UsageError(`--permissions is full, workspace or read-only, not '${permissions}'.`)
  }
  const names = env?.split(",").flatMap((name) => name.trim() || [])
  const wrong = names?.find((name) => !/^[A-Za-z_]\w*$/.test(name))
  if (wrong !== undefined) throw new UsageError(`--env takes names of variables; '${wrong}' is none.`)
  return {
    ...(cli !== undefined && { cli: checkedCli(cli) }),
    ...(backend !== undefined && { backend }),
    ...(model !== undefined && { model }),
    ...(effort !== undefined && { effort }),
    ...(permissions !== undefined && { permissions }),
    ...(workingDir !== undefined && { workingDir: resolve(workingDir) }),
    ...(names !== undefined && { env: names }),
  }
}

function isPermissions(value: string): value is AgentSettings["permissions"] {
  return ["full", "workspace", "read-only"].includes(value)
}

/** A path that was typed is made absolute: the agent runs in another folder. */
function checkedCli(cli: string): string {
  try {
    const [{ program }] = cliCommandsOf(cli)
    if (!program.startsWith("../") && !program.startsWith("..")) return cli
    const typed = cli.trimStart()
    return typed.startsWith(program) ? resolve(program) + typed.slice(program.length) : resolve(program)
  } catch (error) {
    throw new UsageError(`--cli cannot be used: ${messageOf(error)}.`)
  }
}

/** Flags of release 0.2.0 of one command, all hidden in its help; docs/from-0.2.0.md has them. */
interface OldFlags {
  /** By the long flag that it was: the one that it is now, which takes a value as well. */
  readonly renamed?: Readonly<Record<`--${string}`, `--${string}`>>
  /** What has no use any more, by the flag with its value: why, as the end of a sentence. */
  readonly needless?: Readonly<Record<`--${string}`, string>>
}

/** Of the commands about the service. */
export const noSudo: OldFlags = {
  needless: { "--no-sudo": "is not needed: this program never calls sudo by itself" },
}

/** `serve` and its other name in the terminal are gone. Throws `UsageError`. */
export function refuseOldCommand(word: string | undefined): void {
  if (word !== "serve") return
  throw new UsageError(
    "`serve`, the reverse proxy of release 0.2.0, is gone. In front of this service: Caddy or nginx " +
      "(docs/reverse-proxies.md); the service itself: ai-agent-proxy daemon",
  )
}

/**
 * Whoever types `--cli` is told of arguments that would be dropped. `backend`: the kind, null as
 * the program's name tells. Throws `UsageError`, and `SyntaxError` for a value that names no
 * program.
 */
export function assertPassedOn(cli: string, backend: string | null): void {
  for (const { program, args } of cliCommandsOf(cli)) {
    const problem = refusedArgument(backend ?? kindOfProgram(program), args)
    if (problem !== null) throw new UsageError(`--cli: ${problem}.`)
  }
}
