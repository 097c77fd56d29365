import { Command } from "commander"
import { ConfigError } from "../config/config-error.ts"
import { version } from "../config/version.ts"
import { ProxyError } from "../domain/errors.ts"
import { ServiceError } from "../supervise/service-error.ts"
import { daemonCommand } from "./daemon.ts"
import { disableCommand } from "./disable.ts"
import { doctorCommand } from "./doctor.ts"
import { enableCommand } from "./enable.ts"
import { logsCommand } from "./logs.ts"
import { replyCommand } from "./reply.ts"
import { restartCommand } from "./restart.ts"
import { uninstallCommand } from "./uninstall.ts"

/** Documented in the README; those above 60 are of sysexits(3). */
const exitCodes = { failure: 1, usage: 2, unavailable: 69, no_rights: 77, configuration: 78 } as const

/** Parses the command line and runs the command; ends the process with the documented code on failure. */
export async function run(argv: readonly string[]): Promise<void> {
  const program = new Command("ai-agent-proxy")
    .description("Turns the agent CLI you already have (codex, ...) into an OpenAI-compatible service.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "show this help")
    .showSuggestionAfterError()
    .showHelpAfterError("(try --help)")
    .exitOverride()
    .addHelpText(
      "after",
      `
Examples:
  ai-agent-proxy daemon                          serve the manager at http://127.0.0.1:7011
  ai-agent-proxy daemon --ip 0.0.0.0             on every address; makes an API key if there is none
  ai-agent-proxy daemon --cli /opt/codex/codex   with another executable`,
    )
  program.addCommand(daemonCommand())
  program.addCommand(enableCommand())
  program.addCommand(disableCommand())
  program.addCommand(restartCommand())
  program.addCommand(logsCommand())
  program.addCommand(doctorCommand())
  program.addCommand(uninstallCommand())
  program.addCommand(replyCommand())
  try {
    await program.parseAsync(argv)
  } catch (error) {
    process.exitCode = report(error)
  }
}

/** Prints what went wrong for people, on stderr; returns the exit code. */
function report(error: unknown): number {
  // commander has printed its own message (or the help) already.
  if (error instanceof Error && "exitCode" in error) return error.exitCode === 0 ? 0 : exitCodes.usage
  if (error instanceof ServiceError) {
    process.stderr.write(`ai-agent-proxy: ${error.message}\n`)
    return exitCodes[error.kind]
  }
  if (error instanceof ConfigError) {
    process.stderr.write(`ai-agent-proxy: ${error.message}\n`)
    return exitCodes.configuration
  }
  const text =
    error instanceof ProxyError
      ? error.message
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error)
  process.stderr.write(`ai-agent-proxy: ${text}\n`)
  return exitCodes.failure
}
