import { Command } from "commander"
import { ConfigError, version } from "../config/config.ts"
import { ProxyError } from "../domain/errors.ts"
import { fileProblemOf, systemCodeOf } from "../domain/file-problem.ts"
import { printedText } from "../domain/printed-text.ts"
import { ServiceError } from "../supervise/machine/service-error.ts"
import { askCommand } from "./commands/ask.ts"
import { completionCommand } from "./commands/completion.ts"
import { connectCommand } from "./commands/connect.ts"
import { daemonCommand } from "./commands/daemon.ts"
import { disableCommand } from "./commands/disable.ts"
import { doctorCommand } from "./commands/doctor.ts"
import { enableCommand } from "./commands/enable.ts"
import { fireCommand } from "./commands/fire.ts"
import { hireCommand } from "./commands/hire.ts"
import { initCommand } from "./commands/init.ts"
import { ledgerCommand } from "./commands/ledger.ts"
import { listCommand } from "./commands/list.ts"
import { logsCommand } from "./commands/logs.ts"
import { outboxCommand } from "./commands/outbox.ts"
import { rememberCommand } from "./commands/remember.ts"
import { replyCommand } from "./commands/reply.ts"
import { restartCommand } from "./commands/restart.ts"
import { statusCommand } from "./commands/status.ts"
import { startCommand, stopCommand } from "./commands/stop.ts"
import { uninstallCommand } from "./commands/uninstall.ts"
import { DaemonDownError } from "./context/daemon-client.ts"
import { refuseOldCommand } from "./context/flags.ts"
import { configurationProblem } from "./context/home.ts"
import { exitCodes, UsageError } from "./io/exit-codes.ts"

/** Runs what the command line says; ends the process with the documented code on failure. */
export async function run(argv: readonly string[]): Promise<void> {
  // `ai-agent-proxy list | head -1`: the reader has seen enough.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0)
    process.exit(tell(`the result cannot be written: ${error.message}`, exitCodes.failure))
  })
  // Words that nobody reads change nothing of what is done.
  process.stderr.on("error", () => {})
  try {
    refuseOldCommand(argv[2])
    await createProgram().parseAsync(argv)
  } catch (error) {
    process.exitCode = report(error)
  }
}

/** All commands, as the completion and the documentation see them, too. */
function createProgram(): Command {
  const program = new Command("ai-agent-proxy")
    .description("Turns the agent CLI you already have (codex, ...) into an OpenAI-compatible service.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "show this help")
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError("(try --help)")
    .addHelpText(
      "after",
      `
Examples:
  ai-agent-proxy daemon                   serve the manager at http://127.0.0.1:7011
  ai-agent-proxy hire engineer alice      one more agent
  ai-agent-proxy connect alice            talk to it here
  git diff | ai-agent-proxy ask alice "Is this right?"
  ai-agent-proxy status                   what runs, and what is wrong

Exit codes: 0 done, 1 failure, 2 wrong usage, 69 no service manager, 77 no rights,
78 bad configuration, 130 interrupted.`,
    )
  const commands = [
    daemonCommand(),
    initCommand(),
    hireCommand(),
    fireCommand(),
    listCommand(),
    statusCommand(),
    startCommand(),
    stopCommand(),
    connectCommand(),
    askCommand(),
    rememberCommand(),
    replyCommand(),
    outboxCommand(),
    completionCommand(),
    enableCommand(),
    disableCommand(),
    restartCommand(),
    logsCommand(),
    doctorCommand(),
    ledgerCommand(),
    uninstallCommand(),
  ]
  // A command that was added keeps its own settings: each must throw instead of ending the process.
  for (const command of commands)
    program.addCommand(command.exitOverride().showHelpAfterError("(try --help)"))
  return program
}

/** Prints what went wrong for people, on stderr; returns the exit code. */
function report(error: unknown): number {
  // commander has printed its own message (or the help) already.
  if (error instanceof Error && "exitCode" in error) return error.exitCode === 0 ? 0 : exitCodes.usage
  if (error instanceof ServiceError) return tell(error.message, exitCodes[error.kind])
  if (error instanceof ConfigError) return tell(error.message, exitCodes.configuration)
  if (error instanceof UsageError) return tell(error.message, exitCodes.usage)
  const down = error instanceof Error && error.cause instanceof DaemonDownError ? error.cause : error
  const problem = down instanceof DaemonDownError ? configurationProblem(down.home) : null
  // To start it would not help.
  if (problem !== null) {
    return tell(
      `The service is not running, and would not start: ${problem.message}`,
      exitCodes.configuration,
    )
  }
  if (error instanceof ProxyError) {
    return tell(error.message, error.code === "invalid_request" ? exitCodes.usage : exitCodes.failure)
  }
  if (systemCodeOf(error) !== "") return tell(systemWords(error), exitCodes.failure)
  return tell(error instanceof Error ? (error.stack ?? error.message) : String(error), exitCodes.failure)
}

/** What the system refused, without a trace of the program: nobody can do anything with that. */
function systemWords(error: unknown): string {
  const path =
    error instanceof Error && "path" in error && typeof error.path === "string" ? `${error.path}: ` : ""
  return `${path}${fileProblemOf(error)}.`
}

function tell(message: string, exitCode: number): number {
  process.stderr.write(`ai-agent-proxy: ${printedText(message)}\n`)
  return exitCode
}
