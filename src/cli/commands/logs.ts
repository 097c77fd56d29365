import { spawn } from "node:child_process"
import { once } from "node:events"
import { InvalidArgumentError } from "commander"
import { ServiceError } from "../../supervise/machine/service-error.ts"
import { OwnCommand } from "../context/flags.ts"
import { requireInstalled, type ServiceFlags } from "../context/installed-service.ts"
import { linesInColor, readableLines } from "../io/logger.ts"

interface LogFlags extends ServiceFlags {
  readonly follow?: boolean
  readonly lines: number
}

export function logsCommand(): OwnCommand {
  return new OwnCommand("logs")
    .description("Show the log of the service.")
    .option("-f, --follow", "go on as it grows, until Ctrl-C")
    .option("-n, --lines <count>", "how many of the last lines", lineCount, 100)
    .option("--json", "lines as they are written, also in a terminal")
    .withService()
    .action(showLog)
    .withHelp(`
Lines of the service are JSON; in a terminal they are made readable.

Examples:
  ai-agent-proxy logs -f
  ai-agent-proxy logs -n 1000 | grep '"level":50'`)
}

async function showLog(flags: LogFlags): Promise<void> {
  const { manager } = await requireInstalled(flags)
  const { program, args } = manager.logCommand({ lines: flags.lines, isFollowing: flags.follow === true })
  const isReadable = process.stdout.isTTY && flags.json !== true
  const child = spawn(program, [...args], { stdio: ["ignore", isReadable ? "pipe" : "inherit", "inherit"] })
  // Ctrl-C reaches the child by itself; what it has said is still to be shown.
  process.on("SIGINT", () => {})
  const started = once(child, "spawn")
  const ended = once(child, "exit")
  try {
    await started
  } catch (error) {
    throw new ServiceError("unavailable", `${program} cannot be started: it shows the log.`, error)
  }
  if (child.stdout !== null) {
    const shown = await linesInColor(process.env, { translateTime: "SYS:yyyy-mm-dd HH:MM:ss" })
    readableLines(child.stdout).pipe(shown)
  }
  // `exit` gives the exit code, or null and a signal.
  const [code] = (await ended) as [number | null]
  process.exitCode = code ?? 130
}

function lineCount(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count > 0) return count
  throw new InvalidArgumentError("It must be a whole number above 0.")
}
