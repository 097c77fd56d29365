import { type Command, Option } from "commander"
import { UsageError } from "../io/exit-codes.ts"
import { note } from "./command-io.ts"

/** Flags of release 0.2.0 of one command, all hidden in its help; docs/from-0.2.0.md has them. */
export interface OldFlags {
  /** By the long flag that it was: the one that it is now, which takes a value as well. */
  readonly renamed?: Readonly<Record<`--${string}`, `--${string}`>>
  /** What has no use any more, by the flag with its value: why it has none, as the end of a sentence. */
  readonly needless?: Readonly<Record<`--${string}`, string>>
}

/** Of the commands about the service. */
export const noSudo: OldFlags = {
  needless: { "--no-sudo": "is not needed: this program never calls sudo by itself" },
}

/** Each is told on stderr; what is renamed is handed over as the new one. */
export function withOldFlags(command: Command, { renamed = {}, needless = {} }: OldFlags): Command {
  const moved = Object.entries(renamed).map(([old, now]) => {
    const option = new Option(`${old} <value>`).hideHelp()
    command.addOption(option)
    return { old: option, now }
  })
  const idle = Object.entries(needless).map(([flags, why]) => {
    const option = new Option(flags).hideHelp()
    command.addOption(option)
    return { option, why }
  })
  const isGiven = (option: Option) => command.getOptionValueSource(option.attributeName()) === "cli"
  return command.hook("preAction", () => {
    for (const { old, now } of moved.filter((each) => isGiven(each.old))) takeAs(command, old, now)
    for (const { option, why } of idle.filter((each) => isGiven(each.option))) note(`${option.long} ${why}.`)
  })
}

/** `serve` and its other name in the terminal are gone. Throws `UsageError`. */
export function refuseOldCommand(word: string | undefined): void {
  if (word !== "serve") return
  throw new UsageError(
    "`serve`, the reverse proxy of release 0.2.0, is gone. In front of this service: Caddy or nginx " +
      "(docs/reverse-proxies.md); the service itself: ai-agent-proxy daemon",
  )
}

function takeAs(command: Command, old: Option, now: string): void {
  const given: unknown = command.getOptionValue(old.attributeName())
  const option = command.options.find(({ long }) => long === now)
  if (option === undefined) throw new Error(`there is no ${now}`)
  const name = option.attributeName()
  const isNewGiven = command.getOptionValueSource(name) === "cli"
  if (isNewGiven && command.getOptionValue(name) !== given)
    throw new UsageError(`${old.long} and ${now} are one setting with two values. Give ${now} alone.`)
  command.setOptionValueWithSource(name, given, "cli")
  note(`${old.long} is called ${now} now.`)
}
