const signals = ["SIGTERM", "SIGINT", "SIGHUP"] as const

/**
 * Resolves at the first signal that asks for an end; a second one ends the process at once.
 *
 * Under the launcher of an older Node there are two processes. A terminal sends its signals to both of them, other programs to
 * the launcher only, which tells of each that it gets. So one Ctrl-C is two tellings, and the larger of both counts is how often
 * somebody has asked.
 */
export function onStopSignals(onFirst: (signal: string) => void): Promise<void> {
  return new Promise((resolve) => {
    const asked = { own: 0, told: 0 }
    let isStopping = false
    const count = (by: keyof typeof asked, signal: string): void => {
      asked[by] += 1
      if (Math.max(asked.own, asked.told) > 1) process.exit(130)
      if (isStopping) return
      isStopping = true
      onFirst(signal)
      resolve()
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
