import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { CodexBackend } from "../../src/backends/codex/backend.ts"
import { BackendMemory } from "../../src/backends/kit/backend-context.ts"
import type { Backend } from "../../src/domain/backend.ts"
import { inputOf, noOptions, runTurn } from "../contract/turn-recording.ts"
import { type ModelServer, startModelServer } from "../model-server/model-server.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { type CodexHome, createCodexHome } from "../support/codex-home.ts"
import { isRunning, pidFrom } from "../support/processes.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { waitFor } from "../support/wait-for.ts"

const patience = { timeoutMs: 60_000 }

// The name of the model decides whether commands are run by calls or by a script.
describe.each(["scripted-1", "gpt-6-sol"])(
  "commands that go on when their turn has ended, of %s",
  (model) => {
    const isCodeMode = model === "gpt-6-sol"
    let modelServer: ModelServer
    let home: CodexHome
    let workspace: TempDir
    let backend: Backend
    const unloaded = new Set<unknown>()

    beforeAll(async () => {
      modelServer = await startModelServer()
      home = await createCodexHome({ modelUrl: modelServer.url, model })
      workspace = await createTempDir("workspace")
      backend = new CodexBackend({
        executable: codexExecutable(),
        cwd: workspace.path,
        env: home.env,
        model: null,
        permissions: "full",
        timeouts: { handshakeMs: 60_000 },
        memory: new BackendMemory(),
        onEvent: () => {},
        log: (_level, message, fields) => {
          if (message === "codex has unloaded a thread") unloaded.add(fields?.thread)
        },
      })
    })

    afterAll(async () => {
      await backend.stop()
      await modelServer.close()
      await home.remove()
      await workspace.remove()
    })

    const pidOf = (name: string) =>
      waitFor(() => pidFrom(join(workspace.path, name)), { what: `the pid in ${name}`, ...patience })

    /** A prompt: the command goes on when its turn ends. */
    const leave = (name: string) => {
      const args = JSON.stringify({
        cmd: `echo begun; echo $$ > ${name}; exec sleep 300`,
        yield_time_ms: 1,
      })
      return isCodeMode
        ? `[[js:text(JSON.stringify(await tools.exec_command(${args})))]]`
        : `[[tool:exec_command:${args}]]`
    }

    /** Runs a command in the thread and interrupts it; its pid. */
    async function interrupted(thread: string, name: string): Promise<number> {
      const turn = backend.startTurn(thread, inputOf(`[[shell:echo $$ > ${name}; exec sleep 300]]`))
      const last = (async () => {
        let event = null
        for await (const batch of turn.events) event = batch.at(-1) ?? event
        return event
      })()
      const pid = await pidOf(name)
      await turn.interrupt()
      expect((await last)?.type).toBe("turn.interrupted")
      return pid
    }

    it("ends at an interrupt what the turn began, and neither what an earlier turn nor what another thread has running", async () => {
      const [thread, other] = [await backend.openThread(noOptions), await backend.openThread(noOptions)]
      const first = await runTurn(backend, thread, leave("earlier"))
      expect(first.last.type).toBe("turn.completed")
      expect(first.items.find(({ type }) => type === "command")).toMatchObject({
        // A script alone has seen the output.
        output: isCodeMode ? "" : "begun\n",
        exitCode: null,
        status: "completed",
      })
      expect((await runTurn(backend, other, leave("another"))).last.type).toBe("turn.completed")
      await runTurn(
        backend,
        thread,
        "[[shell:setsid -f sh -c 'echo $$ > detached; exec sleep 300' > /dev/null 2>&1]]",
      )
      const left = [await pidOf("earlier"), await pidOf("another"), await pidOf("detached")]
      const begun = await interrupted(thread, "begun")
      expect([...left, begun].map(isRunning)).toEqual([true, true, true, false])
      // A thread that was given no work before, and an interrupt as soon as the command has begun.
      expect(isRunning(await interrupted(await backend.openThread(noOptions), "first"))).toBe(false)
      expect(left.map(isRunning)).toEqual([true, true, true])
    }, 90_000)

    it("keeps a thread whose command runs although it was closed, and gives it back when that has ended", async () => {
      const [thread, other] = [await backend.openThread(noOptions), await backend.openThread(noOptions)]
      await runTurn(backend, thread, leave("server"))
      await runTurn(backend, other, "[[say:idle]]")
      const server = await pidOf("server")
      await backend.closeThread(thread)
      await backend.closeThread(other)
      await waitFor(() => unloaded.has(other), { what: "the idle thread to be unloaded", ...patience })
      expect([isRunning(server), unloaded.has(thread)]).toEqual([true, false])
      process.kill(server, "SIGKILL")
      await waitFor(() => unloaded.has(thread), { what: "the other one, too", ...patience })
      await backend.resumeThread(thread, noOptions)
      expect((await runTurn(backend, thread, "[[say:back]]")).answer).toBe("back")
    }, 90_000)
  },
)
