import { Command, Option } from "commander"
import { withOldFlags } from "../context/flags.ts"
import type { DaemonFlags } from "./run-daemon.ts"

export function daemonCommand(): Command {
  const command = new Command("daemon")
    .description("Run the service in the foreground until SIGTERM or Ctrl-C.")
    .option("--ip <address>", "address to listen on (default 127.0.0.1)")
    .option("--port <port>", "port to listen on (default 7011)")
    .option("--cli <command>", "the manager's agent CLI (default codex)")
    .option("--home <folder>", "where everything is kept (default ~/.ai_agent_proxy)")
    .option(
      "--api-key <key>",
      "key that clients must send; AI_AGENT_PROXY_API_KEY keeps it out of the process list",
    )
    .option("--no-auth", "serve another address than this machine's own without a key")
    .option(
      "--environment-file <file>",
      "take variables from this file first, for example those of the service (~/.ai_agent_proxy/service.env)",
    )
    .addOption(new Option("--demo-fallback").hideHelp())
    .addOption(new Option("--once", "start, say whether the manager can answer, and end").hideHelp())
    .action(async (flags: DaemonFlags) => {
      // Loaded only here: it is the whole service, and other commands are to be quick.
      const { runDaemon } = await import("./run-daemon.ts")
      await runDaemon(flags)
    })
    .addHelpText(
      "after",
      `
Examples:
  ai-agent-proxy daemon
  ai-agent-proxy daemon --port 8080 --cli ~/bin/codex
  AI_AGENT_PROXY_API_KEY=... ai-agent-proxy daemon --ip 0.0.0.0

Other settings are read from ~/.ai_agent_proxy/config.toml; see docs/configuration.md.`,
    )
  return withOldFlags(command, {
    renamed: { "--api-host": "--ip", "--api-port": "--port", "--base-dir": "--home" },
    needless: {
      "--interval <seconds>": "is not needed: nothing is looked for at intervals, changes are seen at once",
    },
  })
}
