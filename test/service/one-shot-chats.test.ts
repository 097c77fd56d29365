import OpenAI from "openai"
import { describe, expect, it } from "vitest"
import { startModelServer } from "../model-server/model-server.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { createCodexHome } from "../support/codex-home.ts"
import { startDaemonProcess } from "../support/daemon-process.ts"
import { descendantsOf, processEntry } from "../support/processes.ts"
import { createTempDir } from "../support/temp-dir.ts"

/** Where V8's young generation has grown once, by up to 48 MB: somewhere between the 200th and the 600th. */
const warmChats = 600
const chats = warmChats + 800
const megabyte = 1024 * 1024

function measure(daemonPid: number) {
  const daemon = processEntry(daemonPid)
  const codex = descendantsOf(daemonPid).filter((entry) => entry.commandLine.includes("app-server"))
  return {
    daemonMb: (daemon?.residentBytes ?? 0) / megabyte,
    daemonFiles: daemon?.openFiles ?? 0,
    codexMb: codex.reduce((sum, entry) => sum + entry.residentBytes, 0) / megabyte,
    codexFiles: codex.reduce((sum, entry) => sum + (entry.openFiles ?? 0), 0),
  }
}

describe("a thousand one-shot chats, one after another", () => {
  it("leave memory and file handles of the daemon and of codex bounded", async () => {
    const model = await startModelServer({ maxRequests: 1 })
    const codex = await createCodexHome({
      modelUrl: model.url,
      // It would run a login shell for each thread, which takes most of the time and nothing of the memory.
      extraToml: "[features]\nshell_snapshot = false",
    })
    const userHome = await createTempDir("user")
    const daemon = await startDaemonProcess({
      userHome: userHome.path,
      env: { ...codex.env, AI_AGENT_PROXY_LOADED_THREADS: "8" },
      args: ["--cli", codexExecutable()],
    })
    try {
      const client = new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey: "none", maxRetries: 0 })
      const ask = async (n: number): Promise<void> => {
        const answer = await client.chat.completions.create({
          model: "manager",
          messages: [{ role: "user", content: `[[say:ok ${n}]] chat ${n}` }],
        })
        expect(answer.choices[0]?.message.content).toBe(`ok ${n}`)
      }
      // The first ones fill what is allowed to be full: loaded threads, caches, pools, compiled code.
      for (let n = 0; n < warmChats; n += 1) await ask(n)
      const early = measure(daemon.pid)
      for (let n = warmChats; n < chats; n += 1) await ask(n)
      const late = measure(daemon.pid)
      console.log(`after ${warmChats} chats`, early, `after ${chats}`, late)
      expect(early.codexMb).toBeGreaterThan(10)
      // A loaded thread costs codex about 1.1 MB and 2.3 file handles: 800 of them would be 880 MB and 1,840 handles.
      expect(late.codexMb - early.codexMb).toBeLessThan(100)
      expect(late.codexFiles - early.codexFiles).toBeLessThan(40)
      // 100 kB a chat would be 80 MB.
      expect(late.daemonMb - early.daemonMb).toBeLessThan(40)
      expect(late.daemonFiles - early.daemonFiles).toBeLessThan(20)
    } finally {
      await daemon.stop()
      await model.close()
      await codex.remove()
      await userHome.remove()
    }
  }, 360_000)
})
