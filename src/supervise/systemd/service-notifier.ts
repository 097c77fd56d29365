import { execFile } from "node:child_process"
import { messageOf } from "../../domain/errors.ts"
import type { Log } from "../../domain/log.ts"

export interface ServiceNotifierOptions {
  readonly env: NodeJS.ProcessEnv
  /** Rejects when the service cannot do its work although this process runs. */
  readonly check: () => Promise<void>
  readonly log: Log
  /** Sends one message to the service manager. */
  readonly send?: (lines: readonly string[]) => Promise<void>
}

/** Our side of systemd's `Type=notify` and `WatchdogSec=` (sd_notify(3)); elsewhere nothing. */
export interface ServiceNotifier {
  /** From now on the service is up, and is restarted when the signs of life stop. */
  ready(status: string): Promise<void>
  /** What `systemctl status` shows. */
  status(text: string): Promise<void>
  stopping(): Promise<void>
}

/** A message that takes longer has not been sent. */
const sendTimeoutMs = 10_000

export function createServiceNotifier(options: ServiceNotifierOptions): ServiceNotifier {
  const { env, check, log } = options
  if (env.NOTIFY_SOCKET === undefined || env.NOTIFY_SOCKET === "") {
    return { ready: async () => {}, status: async () => {}, stopping: async () => {} }
  }
  const send = options.send ?? sendBySystemdNotify
  const notify = async (...lines: string[]): Promise<void> => {
    try {
      await send(lines)
    } catch (error) {
      log("warn", "the service manager could not be told", { reason: messageOf(error), message: lines[0] })
    }
  }
  let timer: NodeJS.Timeout | undefined
  let isBusy = false
  const giveSign = async (): Promise<void> => {
    // The one before is still waiting for the ledger: no sign, which is what the watchdog is for.
    if (isBusy) return
    isBusy = true
    try {
      await check()
      await notify("WATCHDOG=1")
    } catch (error) {
      log("error", "the ledger does not answer: the watchdog gets no sign", { reason: messageOf(error) })
    } finally {
      isBusy = false
    }
  }
  return {
    ready: async (status) => {
      await notify("READY=1", statusLine(status))
      const intervalMs = watchdogIntervalMs(env)
      if (intervalMs !== null) timer ??= setInterval(() => void giveSign(), intervalMs)
    },
    status: (text) => notify(statusLine(text)),
    stopping: async () => {
      clearInterval(timer)
      await notify("STOPPING=1", statusLine("stopping"))
    },
  }
}

/** A third of what systemd allows: one late message does no harm. Null: there is no watchdog. */
function watchdogIntervalMs(env: NodeJS.ProcessEnv): number | null {
  const microseconds = Number(env.WATCHDOG_USEC)
  if (!Number.isFinite(microseconds) || microseconds <= 0) return null
  return Math.max(100, Math.floor(microseconds / 3_000))
}

function statusLine(text: string): string {
  return `STATUS=${text.replaceAll(/\s+/g, " ").slice(0, 500)}`
}

/** Node has no unix datagram sockets. Systemd's program waits until the message is taken. */
function sendBySystemdNotify(lines: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile("systemd-notify", [...lines], { timeout: sendTimeoutMs, killSignal: "SIGKILL" }, (error) => {
      if (error === null) resolve()
      else reject(error)
    })
  })
}
