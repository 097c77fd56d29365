const signals = ["SIGTERM", "SIGINT", "SIGHUP"] as const

export interface StopHandlers {
  readonly onFirst: (signal: string) => void
  readonly onSecond: () => Promise<void>
}

/** How long what a second signal does first may hold up the end. */
const lastWordMs = 500

/**
 * Resolves at the first signal that asks for an end; a second one ends the process as soon as `onSecond` is done, after half a
 * second at the latest, a third one at once.
 *
 * Under the launcher of an older Node there are two processes. A terminal sends its signals to both of them, other programs to
 * the launcher only, which tells of each that it gets. So one Ctrl-C is two tellings, and the larger of both counts is how often
 * somebody has asked.
 */
export function onStopSignals({ onFirst, onSecond }: StopHandlers): Promise<void> {
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
