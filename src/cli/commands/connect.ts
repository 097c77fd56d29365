import { statSync } from "node:fs"
import { resolve } from "node:path"
import { Option } from "commander"
import { ProxyError } from "../../domain/errors.ts"
import { HomeLockedError } from "../../workspace/home/home-lock.ts"
import { RosterFolder } from "../../workspace/home/roster-folder.ts"
import { Chat } from "../connect/chat.ts"
import { talkInJson, talkThroughPipe } from "../connect/piped-chat.ts"
import { talkAtTerminal } from "../connect/terminal-chat.ts"
import { chooseAgent, programOf } from "../context/agent-view.ts"
import { DaemonClient, DaemonDownError } from "../context/daemon-client.ts"
import { assertPassedOn, OwnCommand, settingsOf } from "../context/flags.ts"
import { type CommonFlags, configOf, homeOf } from "../context/home.ts"
import { UsageError } from "../io/exit-codes.ts"
import { createLogger } from "../io/logger.ts"
import { note } from "../io/print.ts"

interface ConnectFlags extends CommonFlags {
  readonly new?: boolean
  readonly standalone?: boolean
  readonly cli?: string
}

export function connectCommand(): OwnCommand {
  return new OwnCommand("connect")
    .description("Talk to an agent in this terminal, in the conversation that you had with it.")
    .argument("<agent>", "id or name")
    .argument("[working_dir]", "folder that this talk is about (default: the agent's own)")
    .option("--new", "begin a new conversation")
    .option("--standalone", "without a running service: start the agents for this talk only")
    .withHome("JSON lines: a message a line in, events out")
    .addOption(new Option("--cli <command>", "its agent CLI from now on").hideHelp())
    .action(runConnect)
    .withHelp(`
In the talk: /new, /edit, /status, /help, /exit. Lines that are pasted are one message, Alt-Enter begins a new line.
Ctrl-C interrupts the turn, at the empty prompt a second one leaves. For one question: ai-agent-proxy ask.
The agent runs in its own workspace; the working directory is told to it.

Examples:
  ai-agent-proxy connect manager
  ai-agent-proxy connect alice ~/project
  echo "What is left to do?" | ai-agent-proxy connect manager
  ai-agent-proxy connect manager --standalone`)
}

async function runConnect(word: string, folder: string | undefined, flags: ConnectFlags): Promise<void> {
  const home = await homeOf(flags)
  const workingDir = folder === undefined ? null : checkedFolder(folder)
  const end = flags.standalone === true ? await startStandalone(home) : null
  try {
    const client = new DaemonClient(home)
    const { agents } = await client.status().catch((error: unknown) => {
      if (!(error instanceof DaemonDownError)) throw error
      const hint = `Start it with \`ai-agent-proxy daemon\`, or talk without it: \`ai-agent-proxy connect ${word} --standalone\`.`
      throw new ProxyError("agent_not_ready", `The service is not running. ${hint}`, { cause: error })
    })
    const { id } = chooseAgent(agents, word)
    if (flags.cli !== undefined) await runOn(client, home, id, flags.cli)
    const chat = new Chat({ client, agentId: id, workingDir, isNew: flags.new === true })
    process.exitCode = await talk(chat, home, flags)
  } finally {
    await end?.()
  }
}

function talk(chat: Chat, home: string, { json }: ConnectFlags): Promise<number> {
  if (json === true) return talkInJson(chat)
  return process.stdin.isTTY === true && process.stdout.isTTY === true
    ? talkAtTerminal(chat, home)
    : talkThroughPipe(chat)
}

/** The service of this home in this process, on its socket only. Resolves with what ends it. */
async function startStandalone(home: string): Promise<() => Promise<void>> {
  const { startService } = await import("../../service/service.ts")
  const config = configOf({ home })
  // Its lines would run through the talk.
  const log = await createLogger(process.stderr, { AI_AGENT_PROXY_LOG_LEVEL: "error", ...process.env })
  const service = await startService({ config, log, env: process.env, isOnSocketOnly: true }).catch(
    (error: unknown) => {
      if (!(error instanceof HomeLockedError)) throw error
      throw new UsageError("The service is running already: talk to its agents without --standalone.")
    },
  )
  await service.managerReadiness
  return () => service.stop()
}

function checkedFolder(folder: string): string {
  const path = resolve(folder)
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return path
  throw new UsageError(`${path} is not a folder. Name the folder that the talk is about.`)
}

/**
 * `connect --cli`, as release 0.2.0 had it: the agent of a service that runs has this CLI from now
 * on, and is started where it was stopped. Rejects with `UsageError` for a value that cannot be
 * used, and `ProxyError`.
 */
async function runOn(client: DaemonClient, home: string, id: string, typed: string): Promise<void> {
  const { cli = typed } = settingsOf({ cli: typed })
  assertPassedOn(cli ?? typed, null)
  const folder = new RosterFolder(home, (_level, message) => note(message))
  await folder.read()
  if (folder.find(id)?.control?.cli !== cli) await folder.change(id, { cli, backend: null })
  const agent = await client.change(id, "start")
  note(`${id} runs on ${programOf(agent)} from now on (\`cli\` in its control/agent.json).`)
}
