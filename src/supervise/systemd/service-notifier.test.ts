import { describe, expect, it } from "vitest"
import { waitFor } from "../../../test/support/wait-for.ts"
import { createServiceNotifier } from "./service-notifier.ts"

function notifierWith(env: NodeJS.ProcessEnv, check: () => Promise<void> = async () => {}) {
  const sent: string[] = []
  const logged: string[] = []
  const notifier = createServiceNotifier({
    env,
    check,
    log: (_level, message) => logged.push(message),
    send: async (lines) => {
      sent.push(lines.join(" "))
    },
  })
  return { notifier, sent, logged }
}

const watched = { NOTIFY_SOCKET: "/run/notify", WATCHDOG_USEC: "300000" }

describe("the service's word to systemd", () => {
  it("is not said where nobody listens", async () => {
    const { notifier, sent } = notifierWith({})
    await notifier.ready("up")
    await notifier.stopping()
    expect(sent).toEqual([])
  })

  it("is that it is up, that it lives, and that it stops", async () => {
    const { notifier, sent } = notifierWith(watched)
    await notifier.ready("listening\non 1")
    await waitFor(() => sent.filter((line) => line === "WATCHDOG=1").length >= 2, {
      what: "two signs of life",
    })
    await notifier.stopping()
    expect(sent[0]).toBe("READY=1 STATUS=listening on 1")
    expect(sent.at(-1)).toBe("STOPPING=1 STATUS=stopping")
  })

  it("gives no sign of life while the ledger fails or does not answer", async () => {
    let mode: "fails" | "hangs" | "answers" = "fails"
    let checks = 0
    const { notifier, sent, logged } = notifierWith(watched, async () => {
      checks += 1
      if (mode === "fails") throw new Error("disk I/O error")
      if (mode === "hangs") await new Promise((resolve) => setTimeout(resolve, 350))
    })
    await notifier.ready("up")
    await waitFor(() => checks >= 2, { what: "two checks" })
    expect(sent).toHaveLength(1)
    expect(logged.length).toBeGreaterThan(0)
    mode = "hangs"
    const before = checks
    await waitFor(() => checks > before, { what: "a check that hangs" })
    mode = "answers"
    await waitFor(() => sent.includes("WATCHDOG=1"), { what: "a sign of life" })
    await notifier.stopping()
  })
})
