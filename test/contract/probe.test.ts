import { chmodSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { probeExecutable } from "../../src/backends/cli-backend.ts"
import { plainFeatures } from "../../src/backends/exec/features.ts"
import { probeExec } from "../../src/backends/exec/probe.ts"
import { ProbeMemory } from "../../src/backends/kit/process/probe-memory.ts"
import { agentEnvironment, agentPath, recordedCalls, recordedPids } from "../agents/agents.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { isRunning } from "../support/processes.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { waitFor } from "../support/wait-for.ts"

let folder: TempDir
let memory: ProbeMemory

beforeEach(async () => {
  folder = await createTempDir("probe")
  memory = new ProbeMemory()
})

afterEach(() => folder.remove())

function optionsWith(env: Record<string, string> = {}) {
  return { cwd: folder.path, env: agentEnvironment(env), memory }
}

describe("the probe of an executable", () => {
  it("takes the real codex for an app-server, and knows what its exec understands", async () => {
    const env = { HOME: folder.path, CODEX_HOME: folder.path }
    expect(await probeExecutable(codexExecutable(), optionsWith(env))).toEqual({
      backend: "codex",
      exec: {
        program: expect.stringMatching(/^codex-cli \d+\.\d+\.\d+/),
        version: expect.stringMatching(/^\d+\.\d+\.\d+/),
        isCodex: true,
        features: {
          printsJson: true,
          readsStdin: true,
          takesConfig: true,
          takesModel: true,
          takesImages: true,
          takesSchema: true,
          takesEphemeral: true,
        },
        refusal: null,
      },
    })
  })

  it("takes a program with --json and without an app-server for exec", async () => {
    const { backend, exec } = await probeExecutable(agentPath("json-agent.ts"), optionsWith())
    expect(backend).toBe("exec")
    expect(exec).toMatchObject({ program: "json-agent 1.2.3", version: "1.2.3", isCodex: false })
    expect(exec.features).toMatchObject({ printsJson: true, readsStdin: true, takesImages: true })
  })

  it("finds in a help text that a plain-text program reads stdin", async () => {
    const { backend, exec } = await probeExecutable(agentPath("stdin-agent.sh"), optionsWith())
    expect(backend).toBe("exec")
    expect(exec.features).toEqual({ ...plainFeatures, readsStdin: true })
  })

  it("asks a program that knows only exec's arguments once, and takes its refusal for plain text", async () => {
    const record = join(folder.path, "record")
    const file = agentPath("plain-agent.sh")
    expect(await probeExecutable(file, optionsWith({ RECORD: record }))).toEqual({
      backend: "exec",
      exec: {
        program: "plain-agent.sh",
        version: null,
        isCodex: false,
        features: plainFeatures,
        refusal: expect.any(String),
      },
    })
    expect(recordedCalls(record)).toEqual([["exec", "--help"]])
  })

  it("runs a program that takes every argument for a prompt no more than once", async () => {
    const calls = join(folder.path, "calls")
    const options = optionsWith({ CALLS: calls })
    const file = agentPath("careless-agent.sh")
    await Promise.all([
      probeExecutable(file, options),
      probeExec(file, options),
      probeExecutable(file, options),
    ])
    await probeExecutable(file, options)
    expect(readFileSync(calls, "utf8")).toBe("exec --help\n")
  })

  it("asks again when the file has changed", async () => {
    const calls = join(folder.path, "calls")
    const file = join(folder.path, "agent")
    writeFileSync(file, readFileSync(agentPath("careless-agent.sh")))
    chmodSync(file, 0o755)
    const options = optionsWith({ CALLS: calls })
    await probeExec(file, options)
    utimesSync(file, new Date(), new Date(Date.now() + 5_000))
    await probeExec(file, options)
    await probeExec(file, options)
    expect(readFileSync(calls, "utf8")).toBe("exec --help\nexec --help\n")
  })

  it("gives a program that hangs up after its time, with all that it started", async () => {
    const pids = join(folder.path, "pids")
    const options = { ...optionsWith({ PIDS: pids }), timeoutMs: 300 }
    const { backend, exec } = await probeExecutable(agentPath("hanging-agent.sh"), options)
    expect(backend).toBe("exec")
    expect(exec.features).toEqual(plainFeatures)
    expect(recordedPids(pids)).toHaveLength(2)
    expect(recordedPids(pids).filter(isRunning)).toEqual([])
  })

  it("can be broken off, and leaves no process", async () => {
    const pids = join(folder.path, "pids")
    const stop = new AbortController()
    const probing = probeExec(agentPath("hanging-agent.sh"), {
      ...optionsWith({ PIDS: pids }),
      signal: stop.signal,
    })
    const outcome = probing.catch((error: unknown) => error)
    await waitFor(() => recordedPids(pids).length === 2, { what: "the agent to hang" })
    stop.abort()
    expect(await outcome).toMatchObject({ name: "AbortError" })
    expect(recordedPids(pids).filter(isRunning)).toEqual([])
  })

  it("says what to do about a program that cannot be started, and asks again next time", async () => {
    const file = join(folder.path, "agent")
    writeFileSync(file, `#!${folder.path}/interpreter\n`)
    chmodSync(file, 0o755)
    await expect(probeExec(file, optionsWith())).rejects.toMatchObject({
      message: expect.stringContaining("cannot be run"),
      nextStep: expect.stringContaining("Run it in a terminal"),
    })
    symlinkSync("/bin/sh", join(folder.path, "interpreter"))
    expect((await probeExec(file, optionsWith())).features).toEqual(plainFeatures)
  })
})
