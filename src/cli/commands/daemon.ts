import { readFileSync } from "node:fs"
import { mkdir } from "node:fs/promises"
import { basename } from "node:path"
import { Option } from "commander"
import { type Config, ConfigError, isLoopback, version } from "../../config/config.ts"
import { formatEnvironmentFile, parseEnvironmentFile } from "../../config/environment-file.ts"
import { decode, readConfigText } from "../../config/read-config-text.ts"
import { settings } from "../../config/settings.ts"
import { writeAtomic } from "../../disk/write-atomic.ts"
import { knownClis } from "../../domain/agent-clis.ts"
import { explain, fullReason, type NotReady } from "../../domain/agents.ts"
import { ProxyError } from "../../domain/errors.ts"
import { systemCodeOf } from "../../domain/file-problem.ts"
import { isThere } from "../../programs/find-executable.ts"
import type { Service } from "../../service/service.ts"
import { secretsFileOf } from "../../supervise/machine/service-spec.ts"
import { newApiKey } from "../../supervise/plan-service.ts"
import { createServiceNotifier } from "../../supervise/systemd/service-notifier.ts"
import { OwnCommand, type SettingFlags } from "../context/flags.ts"
import { configOf } from "../context/home.ts"
import { exitCodes } from "../io/exit-codes.ts"
import { createLogger } from "../io/logger.ts"
import { note, printable } from "../io/print.ts"

interface DaemonFlags extends SettingFlags {
  readonly demoFallback?: boolean
  readonly environmentFile?: string
  readonly once?: boolean
}

export function daemonCommand(): OwnCommand {
  return new OwnCommand("daemon")
    .description("Run the service in the foreground until SIGTERM or Ctrl-C.")
    .withSettings()
    .option(
      "--environment-file <file>",
      "take variables from this file first, for example those of the service (~/.ai_agent_proxy/service.env)",
    )
    .addOption(new Option("--demo-fallback").hideHelp())
    .addOption(new Option("--once", "start, say whether the manager can answer, and end").hideHelp())
    .action(runDaemon)
    .withOld({
      renamed: { "--api-host": "--ip", "--api-port": "--port", "--base-dir": "--home" },
      needless: {
        "--interval <seconds>": "is not needed: nothing is looked for at intervals, changes are seen at once",
      },
    })
    .withHelp(`
Examples:
  ai-agent-proxy daemon
  ai-agent-proxy daemon --port 8080 --cli ~/bin/codex
  AI_AGENT_PROXY_API_KEY=... ai-agent-proxy daemon --ip 0.0.0.0

Other settings are read from ~/.ai_agent_proxy/config.toml; see docs/configuration.md.`)
}

async function runDaemon(flags: DaemonFlags): Promise<void> {
  const { ip, port, cli, home, apiKey } = flags
  // The whole service: other commands are to be quick.
  const { startService } = await import("../../service/service.ts")
  if (flags.environmentFile !== undefined) takeEnvironmentFile(flags.environmentFile, process.env)
  const log = await createLogger(process.stderr, process.env)
  const stopping = new AbortController()
  let started: Service | null = null
  const stopped = onStopSignals({
    onFirst: (signal) => {
      log.info({ signal }, "stopping")
      stopping.abort(new ProxyError("agent_stopped", `Stopped by ${signal} before it was up.`))
    },
    onSecond: async () => started?.breakOff(),
  })
  const service = await startService({
    signal: stopping.signal,
    config: configOf({ host: ip, port, cli, home, apiKey }),
    completeConfig: (config) => ensureApiKey(config, !flags.auth),
    log,
    env: process.env,
    demoFallback: flags.demoFallback === true,
  })
  started = service
  log.info({ version, pid: process.pid, home: service.config.home }, `listening on ${service.url}`)
  void announce(service, stopping.signal)
  const notifier = createServiceNotifier({
    env: process.env,
    check: () => service.check(),
    log: (level, message, fields) => log[level](fields ?? {}, message),
  })
  await notifier.ready(`listening on ${service.url}`)
  void service.managerReadiness.then((readiness) =>
    notifier.status(
      `listening on ${service.url}; the manager is ${readiness.isReady ? "ready" : `not ready: ${explain(readiness)}`}`,
    ),
  )
  await (flags.once === true ? Promise.race([stopped, comeUp(service)]) : stopped)
  await notifier.stopping()
  await service.stop()
  log.info({}, "stopped")
}

/** All that `--once` is for: the home is complete, and the agents could be started. */
async function comeUp(service: Service): Promise<void> {
  const readiness = await service.managerReadiness
  if (!readiness.isReady) process.exitCode = exitCodes.failure
  note(
    readiness.isReady
      ? "The manager is ready. Ending (--once)."
      : `The manager is not ready: ${printable(explain(readiness))} Ending (--once).`,
  )
}

/** What a person at the terminal needs next; how the manager changes after that, the log tells. */
async function announce(service: Service, signal: AbortSignal): Promise<void> {
  const { demoReason, config } = service
  if (demoReason !== null) {
    note(`DEMO: the built-in demo agent answers, because ${printable(explain(demoReason))} Then start again.`)
  }
  if (!process.stderr.isTTY) return
  const readiness = await service.managerReadiness
  if (signal.aborted) return
  const key = config.apiKeys.size === 0 ? "" : " -H 'Authorization: Bearer YOUR_KEY'"
  const curl = `curl ${service.url}/v1/chat/completions${key} -H 'Content-Type: application/json' \\
    -d '{"model": "manager", "messages": [{"role": "user", "content": "Who are you?"}]}'`
  note(`
${readiness.isReady ? "" : `${problemLines(readiness, config)}\n\n`}  Status page   ${service.url}/
  Base URL      ${service.url}/v1
${readiness.isReady ? `\n  ${curl}\n` : "  Once it is ready, this is told here, and requests are answered.\n"}`)
}

function problemLines(problem: NotReady, config: Config): string {
  const there = knownClis.filter((program) => isThere(program, process.env.PATH))
  const others = there.filter((program) => program !== basename(config.cli))
  return [
    `  NOT READY     ${printable(fullReason(problem))}`,
    `  Next          ${printable(problem.nextStep)}`,
    ...(others.length === 0
      ? []
      : [`  Found here    ${others.join(", ")}: take one with --cli ${others[0]}`]),
  ].join("\n")
}

/**
 * An API key is shell access: a service that others on the network can reach has one. Where none is
 * configured it is made, printed once and kept in `secrets` (0600). `isAuthOff` is a person's word
 * that they want it open.
 */
async function ensureApiKey(config: Config, isAuthOff: boolean): Promise<Config> {
  if (config.apiKeys.size > 0 || isLoopback(config.host)) return config
  if (isAuthOff) {
    note(`WARNING: ${config.host} is served without a key. Whoever reaches it can run commands as you.`)
    return config
  }
  const key = newApiKey()
  await mkdir(config.home, { recursive: true, mode: 0o700 })
  const path = secretsFileOf(config.home)
  const before = readConfigText(path) ?? ""
  // First: what cuts the file between two lines does not take the key only.
  await writeAtomic(path, formatEnvironmentFile({ [settings.apiKey.variable]: key }) + before)
  note(
    `Made an API key, because ${config.host} can be reached by others. It is kept in ${path}:\n\n  ${key}\n`,
  )
  return Object.freeze({ ...config, apiKeys: new Map([["owner", key]]) })
}

/** Sets a file's variables, over those that are set. Throws `ConfigError` where there is none. */
function takeEnvironmentFile(path: string, env: NodeJS.ProcessEnv): void {
  Object.assign(env, parseEnvironmentFile(path, decode(path, readBytes(path))))
}

/** Named just now, it may also be a pipe: `--environment-file <(pass show proxy)`. */
function readBytes(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const code = systemCodeOf(error)
    const problem = code === "ENOENT" ? `there is no file ${path}` : `${path} cannot be read (${code})`
    throw new ConfigError("--environment-file", null, problem, error)
  }
}

const signals = ["SIGTERM", "SIGINT", "SIGHUP"] as const

interface StopHandlers {
  readonly onFirst: (signal: string) => void
  readonly onSecond: () => Promise<void>
}

/** How long what a second signal does first may hold up the end. */
const lastWordMs = 500

/**
 * Resolves at the first signal that asks for an end; a second one ends the process as soon as
 * `onSecond` is done, after half a second at the latest, a third one at once.
 *
 * Under the launcher of an older Node there are two processes. A terminal sends its signals to both
 * of them, other programs to the launcher only, which tells of each that it gets. So one Ctrl-C is
 * two tellings, and the larger of both counts is how often somebody has asked.
 */
function onStopSignals({ onFirst, onSecond }: StopHandlers): Promise<void> {
  return new Promise((resolve) => {
    const asked = { own: 0, told: 0 }
    const stages: ((signal: string) => void)[] = [
      (signal) => {
        onFirst(signal)
        resolve()
      },
      () => {
        const end = (): never => process.exit(130)
        setTimeout(end, lastWordMs)
        onSecond().then(end, end)
      },
      () => process.exit(130),
    ]
    let reached = 0
    const count = (by: keyof typeof asked, signal: string): void => {
      asked[by] += 1
      const times = Math.max(asked.own, asked.told)
      if (times === reached) return
      reached = times
      stages[times - 1]?.(signal)
    }
    for (const signal of signals) process.on(signal, () => count("own", signal))
    if (process.send === undefined) return
    process.on("message", (message) => {
      const signal = signals.find((one) => isTelling(message) && message.signal === one)
      if (signal !== undefined) count("told", signal)
    })
    // Nothing is waited for: the service ends, and with it the launcher.
    process.channel?.unref()
    process.send("tell signals")
  })
}

function isTelling(message: unknown): message is { readonly signal: unknown } {
  return typeof message === "object" && message !== null && "signal" in message
}
