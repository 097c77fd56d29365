import { homedir } from "node:os"
import { basename } from "node:path"
import { isThere } from "../backends/find-executable.ts"
import type { Config } from "../config/config.ts"
import { readConfigText } from "../config/read-config-text.ts"
import { resolveConfig } from "../config/resolve-config.ts"
import { version } from "../config/version.ts"
import { knownClis } from "../domain/agent-clis.ts"
import { explain, fullReason, type NotReady } from "../domain/backend.ts"
import { ProxyError } from "../domain/errors.ts"
import { type Service, startService } from "../service.ts"
import { createServiceNotifier } from "../supervise/service-notifier.ts"
import { ensureApiKey } from "./api-key.ts"
import { printable } from "./connect/printable.ts"
import type { DaemonFlags } from "./daemon.ts"
import { takeEnvironmentFile } from "./environment-option.ts"
import { exitCodes } from "./exit-codes.ts"
import { createLogger } from "./logger.ts"
import { printLine } from "./print.ts"
import { onStopSignals } from "./stop-signals.ts"

export async function runDaemon(flags: DaemonFlags): Promise<void> {
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
    config: configOf(flags),
    completeConfig: (config) => ensureApiKey(config, { isAuthOff: !flags.auth, print: printLine }),
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
  printLine(
    readiness.isReady
      ? "The manager is ready. Ending (--once)."
      : `The manager is not ready: ${printable(explain(readiness))} Ending (--once).`,
  )
}

/** Throws `ConfigError`. */
function configOf(flags: DaemonFlags): Config {
  return resolveConfig({
    flags: { host: flags.ip, port: flags.port, cli: flags.cli, home: flags.home, apiKey: flags.apiKey },
    env: process.env,
    homeDir: homedir(),
    cwd: process.cwd(),
    readFile: readConfigText,
  })
}

/** What a person at the terminal needs next; how the manager changes from then on, the log tells. */
async function announce(service: Service, signal: AbortSignal): Promise<void> {
  const { demoReason, config } = service
  if (demoReason !== null) {
    printLine(
      `DEMO: the built-in demo agent answers, because ${printable(explain(demoReason))} Then start again.`,
    )
  }
  if (!process.stderr.isTTY) return
  const readiness = await service.managerReadiness
  if (signal.aborted) return
  const key = config.apiKeys.size === 0 ? "" : " -H 'Authorization: Bearer YOUR_KEY'"
  const curl = `curl ${service.url}/v1/chat/completions${key} -H 'Content-Type: application/json' \\
    -d '{"model": "manager", "messages": [{"role": "user", "content": "Who are you?"}]}'`
  printLine(`
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
