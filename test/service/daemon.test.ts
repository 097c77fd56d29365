import { once } from "node:events"
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import OpenAI from "openai"
import type { ChatCompletionMessageParam } from "openai/resources/chat/completions"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { exchangeFaults } from "../clients/exchange-faults.ts"
import { recordingFetch } from "../clients/recording-fetch.ts"
import { type ModelServer, startModelServer } from "../model-server/model-server.ts"
import { toolOutputsOf } from "../model-server/request-readers.ts"
import { askInChat, askInResponses, outputsFor, twoCalls, withResults } from "../support/client-functions.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { type CodexHome, createCodexHome } from "../support/codex-home.ts"
import { type DaemonProcess, spawnCommand, startDaemonProcess } from "../support/daemon-process.ts"
import { descendantsOf, isRunning, pidFrom } from "../support/processes.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { waitFor } from "../support/wait-for.ts"

let model: ModelServer
let codex: CodexHome
let user: TempDir
const daemons: DaemonProcess[] = []
const recording = recordingFetch()

beforeEach(async () => {
  model = await startModelServer()
  codex = await createCodexHome({ modelUrl: model.url })
  user = await createTempDir("user")
})

afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.stop("SIGKILL")
  const faults = (await recording.exchanges()).flatMap(exchangeFaults)
  recording.clear()
  await model.close()
  await codex.remove()
  await user.remove()
  expect(faults).toEqual([])
})

async function startDaemon(
  args: readonly string[] = ["--cli", codexExecutable()],
  env: Record<string, string> = {},
): Promise<DaemonProcess> {
  const daemon = await startDaemonProcess({
    userHome: user.path,
    env: { ...codex.env, HOME: user.path, ...env },
    args,
  })
  daemons.push(daemon)
  return daemon
}

function clientOf(daemon: DaemonProcess, apiKey = "none"): OpenAI {
  return new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey, maxRetries: 0, fetch: recording.fetch })
}

/** Runs a command to its end. */
async function runToEnd(
  args: readonly string[],
): Promise<{ code: number | null; stderr: string; stdout: string }> {
  const child = spawnCommand(args, { ...codex.env, HOME: user.path })
  let stderr = ""
  let stdout = ""
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text
  })
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text
  })
  await once(child, "close")
  return { code: child.exitCode, stderr, stdout }
}

async function readiness(daemon: DaemonProcess): Promise<number> {
  return (await fetch(`${daemon.url}/ready`)).status
}

describe("the daemon", () => {
  it("makes the home, the manager's workspace and the working directory, for this user only", async () => {
    await startDaemon()
    const home = join(user.path, ".ai_agent_proxy")
    expect(statSync(home).mode & 0o777).toBe(0o700)
    expect(readFileSync(join(home, "manager", "AGENTS.md"), "utf8")).toContain("manager")
    expect(JSON.parse(readFileSync(join(home, "manager", "control", "agent.json"), "utf8"))).toMatchObject({
      role: "manager",
    })
    expect(existsSync(join(user.path, ".openclaw", "workspace"))).toBe(true)
  })

  it("tells the agent its working directory", async () => {
    const daemon = await startDaemon()
    await clientOf(daemon).responses.create({ model: "manager", input: "[[say:ok]]" })
    expect(JSON.stringify(model.requests[0]?.body)).toContain(join(user.path, ".openclaw", "workspace"))
  })

  it.each(["SIGTERM", "SIGINT"] as const)(
    "ends on %s with a turn in progress and leaves no process",
    async (signal) => {
      const daemon = await startDaemon(undefined, { AI_AGENT_PROXY_DRAIN_MS: "200" })
      const answer = clientOf(daemon).responses.create({ model: "manager", input: "[[shell:sleep 60]]" })
      const failure = answer.catch((error: unknown) => error)
      await waitFor(() => descendantsOf(daemon.pid).some((entry) => entry.commandLine === "sleep 60"), {
        what: "the agent's shell command to run",
      })
      const children = descendantsOf(daemon.pid).map((entry) => entry.pid)
      expect(await daemon.stop(signal)).toEqual({ code: 0, signal: null })
      await waitFor(() => children.every((pid) => !isRunning(pid)), {
        what: "all processes of the daemon to end",
      })
      expect(await failure).toMatchObject({ status: 400, code: "agent_stopped" })
    },
  )

  it("gives its start up on SIGTERM, and ends a CLI that hangs in it", async () => {
    const cli = join(user.path, "codex")
    const pidFile = join(user.path, "cli.pid")
    writeFileSync(cli, `#!/bin/sh\ntrap '' TERM\necho $$ > ${pidFile}\nwhile :; do sleep 1; done\n`, {
      mode: 0o755,
    })
    const child = spawnCommand(["daemon", "--port", "0", "--cli", cli, "--demo-fallback"], {
      ...codex.env,
      HOME: user.path,
    })
    const exited = once(child, "exit")
    const pid = await waitFor(() => pidFrom(pidFile), {
      what: "the CLI to be started",
    })
    child.kill("SIGTERM")
    await exited
    expect(child.exitCode).toBe(1)
    await waitFor(() => !isRunning(pid), { what: "the CLI to end" })
    expect(existsSync(join(user.path, ".ai_agent_proxy", "daemon.pid"))).toBe(false)
  })

  it("takes its child processes along when it is killed", async () => {
    const daemon = await startDaemon()
    await clientOf(daemon).responses.create({ model: "manager", input: "[[say:ok]]" })
    const children = descendantsOf(daemon.pid).map((entry) => entry.pid)
    expect(children.length).toBeGreaterThan(0)
    await daemon.stop("SIGKILL")
    await waitFor(() => children.every((pid) => !isRunning(pid)), { what: "codex to end" })
  })

  it("begins a background turn that waited when the daemon was killed; one that ran ends its stream as failed", async () => {
    const first = await startDaemon()
    const create = (input: string) =>
      clientOf(first).responses.create(
        { model: "manager", input, background: true },
        { headers: { "X-Session-Id": "one-thread" } },
      )
    const running = await create("[[slow:600]]")
    const seen: number[] = []
    for await (const event of await clientOf(first).responses.retrieve(running.id, { stream: true })) {
      seen.push(event.sequence_number)
      if (event.type === "response.output_text.delta") break
    }
    const waiting = await create("[[say:late]]")
    expect(waiting.status).toBe("queued")
    await first.stop("SIGKILL")
    const second = await startDaemon()
    const late = await waitFor(
      async () => {
        const found = await clientOf(second).responses.retrieve(waiting.id)
        return found.status === "queued" || found.status === "in_progress" ? null : found
      },
      { what: "the turn that waited to end" },
    )
    expect(late).toMatchObject({ status: "completed", output_text: "late" })
    // Whatever number it was that the reader has last: it gets the end, with the numbers behind that.
    for (const last of [seen.length - 1, seen.length - 2, seen.length - 3]) {
      const rest = `${second.url}/v1/responses/${running.id}?stream=true&starting_after=${last}`
      const text = await (await recording.fetch(rest)).text()
      const events = [...text.matchAll(/^data: (\{.*\})$/gm)].map((match) => JSON.parse(match[1] ?? ""))
      expect(events.map(({ type, sequence_number }) => [type, sequence_number])).toEqual([
        ["error", last + 1],
        ["response.failed", last + 2],
      ])
      expect(text).toContain("server_restarted")
    }
  })

  it("ends a turn of a daemon that was killed as failed, and goes on with the conversation", async () => {
    const first = await startDaemon()
    const stream = await clientOf(first).responses.create({
      model: "manager",
      input: "[[slow:600]]",
      stream: true,
    })
    let id = ""
    for await (const event of stream) {
      if (event.type === "response.created") id = event.response.id
      if (event.type === "response.output_text.delta") break
    }
    await first.stop("SIGKILL")
    const second = await startDaemon()
    const client = clientOf(second)
    const response = await client.responses.retrieve(id)
    // The one code that nobody asks again at: the agent had begun.
    const error = { code: "invalid_prompt", message: expect.stringContaining("server_restarted") }
    expect(response).toMatchObject({ status: "failed", error })
    const next = await client.responses.create({
      model: "manager",
      previous_response_id: id,
      input: "[[say:back again]]",
    })
    expect(next.output_text).toBe("back again")
  })

  it("killed while its clients run functions, goes on from their results in the next daemon, whole and streamed", async () => {
    const first = await startDaemon()
    const scriptOf = (counter: string) => `[[shell:echo x >> ${counter}]][[then]]${twoCalls}[[say:done]]`
    const called = await Promise.all(
      [false, true].map(async (streams) => {
        const counters = ["responses", "chat"].map((name) => join(user.path, `${name}-${streams}`))
        const [forResponses = "", forChat = ""] = counters
        const messages: ChatCompletionMessageParam[] = [{ role: "user", content: scriptOf(forChat) }]
        const response = await askInResponses(clientOf(first), { input: scriptOf(forResponses) }, streams)
        const completion = await askInChat(clientOf(first), messages, streams)
        return { streams, counters, response, messages: [...messages, ...withResults(completion)] }
      }),
    )
    const children = descendantsOf(first.pid).map((entry) => entry.pid)
    await first.stop("SIGKILL")
    await waitFor(() => children.every((pid) => !isRunning(pid)), {
      what: "codex to end",
      timeoutMs: 30_000,
    })

    const second = await startDaemon()
    for (const { streams, counters, response, messages } of called) {
      const asked = model.requests.length
      const answered = { previous_response_id: response.id, input: outputsFor(response) }
      const next = await askInResponses(clientOf(second), answered, streams)
      expect(next.output_text).toBe("done")
      const answer = await askInChat(clientOf(second), messages, streams)
      expect(answer.choices[0]?.message.content).toBe("done")
      // Once for each: from the real results, with nothing done again.
      const later = model.requests.slice(asked)
      expect(later).toHaveLength(2)
      const outputs = later.map((request) => toolOutputsOf(request).map(({ text }) => text))
      expect(outputs[0]).toEqual(expect.arrayContaining(["get_weather says 21", "get_time says 21"]))
      expect(outputs[1]?.filter((text) => text.startsWith("result of "))).toHaveLength(2)
      for (const counter of counters) expect(readFileSync(counter, "utf8")).toBe("x\n")
      const third = { previous_response_id: next.id, input: "[[say:still here]]" }
      expect((await askInResponses(clientOf(second), third, streams)).output_text).toBe("still here")
      const more: ChatCompletionMessageParam[] = [
        ...messages,
        { role: "assistant", content: "done" },
        { role: "user", content: "[[say:here, too]]" },
      ]
      expect((await askInChat(clientOf(second), more, streams)).choices[0]?.message.content).toBe("here, too")
    }
    const left = descendantsOf(second.pid).map((entry) => entry.pid)
    await second.stop()
    await waitFor(() => left.every((pid) => !isRunning(pid)), { what: "all to end", timeoutMs: 30_000 })
  })

  it("is the only one of its home, and says who the other is", async () => {
    const daemon = await startDaemon()
    const second = await runToEnd(["daemon", "--port", "0", "--cli", codexExecutable()])
    expect(second.code).toBe(1)
    expect(second.stderr).toContain(String(daemon.pid))
    expect(second.stderr).not.toContain("    at ")
  })

  it("takes the executable out of a command with alternatives, without a shell", async () => {
    const daemon = await startDaemon([
      "--cli",
      `${codexExecutable()} resume --last || touch ${join(user.path, "shell-was-here")}`,
    ])
    const response = await clientOf(daemon).responses.create({ model: "manager", input: "[[say:yes]]" })
    expect(response.output_text).toBe("yes")
    expect(existsSync(join(user.path, "shell-was-here"))).toBe(false)
  })

  it("serves without a CLI, says what to do, and notices when it is there", async () => {
    const bin = join(user.path, "bin")
    mkdirSync(bin)
    const daemon = await startDaemon(["--cli", "codex-later"], { PATH: `${bin}:${process.env.PATH}` })
    const client = clientOf(daemon)
    await waitFor(async () => (await readiness(daemon)) === 503, { what: "the manager to be not ready" })
    await expect(client.responses.create({ model: "manager", input: "hi" })).rejects.toMatchObject({
      status: 400,
      code: "agent_not_ready",
      message: expect.stringMatching(/codex-later/),
    })
    symlinkSync(codexExecutable(), join(bin, "codex-later"))
    await waitFor(async () => (await readiness(daemon)) === 200, {
      what: "the daemon to notice the CLI",
      timeoutMs: 30_000,
    })
    expect((await client.responses.create({ model: "manager", input: "[[say:here]]" })).output_text).toBe(
      "here",
    )
  })

  it("never falls back to the demo agent by itself, and does with the flag of make debug", async () => {
    const strict = await startDaemon(["--cli", "no-such-cli"])
    expect(await readiness(strict)).toBe(503)
    await strict.stop()
    const debug = await startDaemon(["--cli", "no-such-cli", "--demo-fallback"])
    const response = await clientOf(debug).responses.create({ model: "manager", input: "Who are you?" })
    expect(response.output_text.toLowerCase()).toContain("demo")
    expect(
      debug
        .output()
        .split("\n")
        .filter((line) => line.startsWith("DEMO")),
    ).toHaveLength(1)
  })

  it("makes a key for an address that others can reach, prints it once and keeps it for itself", async () => {
    const first = await startDaemon(["--cli", codexExecutable(), "--ip", "0.0.0.0"])
    const key = /sk-[\w-]+/.exec(first.output())?.[0] ?? ""
    expect(key).not.toBe("")
    const secrets = join(user.path, ".ai_agent_proxy", "secrets")
    expect(statSync(secrets).mode & 0o777).toBe(0o600)
    await first.stop()
    const second = await startDaemon(["--cli", codexExecutable(), "--ip", "0.0.0.0"])
    expect(second.output()).not.toContain(key)
    await expect(clientOf(second).models.list()).rejects.toMatchObject({ status: 401 })
    const models = await clientOf(second, key).models.list()
    expect(models.data.map((entry) => entry.id)).toEqual(["manager"])
  })

  it("gives no key of ours to the agent's shell", async () => {
    const daemon = await startDaemon(undefined, { AI_AGENT_PROXY_API_KEY: "sk-ours", SOME_TOKEN: "other" })
    const response = await clientOf(daemon, "sk-ours").responses.create({
      model: "manager",
      input: "[[shell:env]]",
    })
    const output = response.output.find((item) => item.type === "mcp_call")?.output ?? ""
    expect(output).toContain("PATH=")
    expect(output).not.toContain("sk-ours")
    expect(output).not.toContain("SOME_TOKEN")
  })

  it("logs no prompt and no answer", async () => {
    const daemon = await startDaemon(undefined, { AI_AGENT_PROXY_LOG_LEVEL: "debug" })
    await clientOf(daemon).responses.create({ model: "manager", input: "[[say:the-answer]] the-prompt" })
    await waitFor(() => daemon.output().includes("/v1/responses"), { what: "the request to be logged" })
    expect(daemon.output()).toContain('"msg":"turn"')
    expect(daemon.output()).not.toMatch(/the-prompt|the-answer/)
  })

  it("refuses a bad configuration with exit code 78 and bad usage with 2", async () => {
    const home = join(user.path, ".ai_agent_proxy")
    mkdirSync(home, { mode: 0o700 })
    writeFileSync(join(home, "config.toml"), "prot = 7012\n")
    const config = await runToEnd(["daemon"])
    expect(config).toMatchObject({ code: 78, stderr: expect.stringMatching(/config\.toml.*prot/s) })
    expect(await runToEnd(["daemon", "--no-such-flag"])).toMatchObject({ code: 2 })
    expect(await runToEnd(["demon"])).toMatchObject({ code: 2, stderr: expect.stringContaining("daemon") })
  })

  it("says that a port is taken", async () => {
    const daemon = await startDaemon()
    const { port } = new URL(daemon.url)
    const other = await createTempDir("other")
    const second = await runToEnd(["daemon", "--port", port, "--home", join(other.path, "home")])
    expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining(port) })
    expect(second.stderr).not.toContain("    at ")
    await other.remove()
  })

  it("does not take a broken codex configuration for a missing log-in, and notices when it is mended", async () => {
    const file = join(codex.home, "config.toml")
    const good = readFileSync(file, "utf8")
    writeFileSync(file, `${good}\nx = = y\n`)
    const daemon = await startDaemon()
    await expect(clientOf(daemon).responses.create({ model: "manager", input: "hi" })).rejects.toMatchObject({
      status: 400,
      message: expect.stringMatching(/config\.toml/),
    })
    writeFileSync(file, good)
    await waitFor(async () => (await readiness(daemon)) === 200, {
      what: "codex to be ready",
      timeoutMs: 30_000,
    })
  })

  it("closes a home that others could read", async () => {
    const home = join(user.path, ".ai_agent_proxy")
    mkdirSync(home)
    chmodSync(home, 0o755)
    await startDaemon()
    expect(statSync(home).mode & 0o777).toBe(0o700)
  })
})
