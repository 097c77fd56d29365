import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { agentPath } from "../agents/agents.ts"
import { resultOf } from "../support/command.ts"
import { type DaemonProcess, spawnCommand, startDaemonProcess } from "../support/daemon-process.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"

const nobody = { uid: 65_534, gid: 65_534 }
const isRoot = process.geteuid?.() === 0
const key = "sk-0123456789abcdefghijklmnopqrstuv"
const whole = `AI_AGENT_PROXY_API_KEY="${key}"\n`

let user: TempDir
let home: string
let secrets: string

beforeEach(async () => {
  user = await createTempDir("damaged")
  home = join(user.path, ".ai_agent_proxy")
  mkdirSync(home, { mode: 0o700 })
  secrets = join(home, "secrets")
})
afterEach(() => user.remove())

const environment = (more: Record<string, string> = {}) => ({
  PATH: process.env.PATH ?? "",
  HOME: user.path,
  AI_AGENT_PROXY_CLI: "/bin/false",
  AI_AGENT_PROXY_PORT: "0",
  ...more,
})

/** The command to its end; a daemon that serves is an end too. */
async function run(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawnCommand(args, environment(env))
  child.stderr?.on("data", (text: Buffer) => {
    if (text.includes("listening on")) child.kill("SIGKILL")
  })
  return resultOf(child)
}

describe("a daemon with damaged secrets", () => {
  it.each<[string, string | Buffer, string]>([
    ["cut in the value", whole.slice(0, 40), ":1: the value of AI_AGENT_PROXY_API_KEY does not end"],
    ["cut in the name", whole.slice(0, 12), ":1: not of the form NAME=value"],
    ["empty", "", ": is empty"],
    ["with a misspelt name", whole.replace("API_KEY", "APIKEY"), ":1: unknown name AI_AGENT_PROXY_APIKEY"],
    ["of random bytes", Buffer.from("9f86d081884c7d659a2feaa0c55ad015", "hex"), ":1: is not UTF-8 text"],
    ["of NULs", Buffer.alloc(64), ":1: a NUL character"],
    ["in UTF-16", Buffer.from(`\ufeff${whole}`, "utf16le"), ":1: is not UTF-8 text"],
    ["in another syntax", `# key\napi_key: ${key}\n`, ":2: not of the form NAME=value"],
    ["with nothing behind the name", "AI_AGENT_PROXY_API_KEY=\n", ":1: the key is empty"],
  ])("does not serve, and says the place: %s", async (_, content, message) => {
    writeFileSync(secrets, content)
    const { code, stderr } = await run(["daemon"])
    expect(stderr).toContain(`${secrets}${message}`)
    expect(stderr).not.toContain(key.slice(0, 12))
    expect(code).toBe(78)
  })

  it("does not serve where they are a folder, or a link to a folder that is not mounted", async () => {
    mkdirSync(secrets)
    expect(await run(["daemon"])).toMatchObject({
      code: 78,
      stderr: expect.stringContaining(`${secrets}: is not a file`),
    })
    rmSync(secrets, { recursive: true })
    symlinkSync("/nowhere/secrets", secrets)
    expect(await run(["daemon"])).toMatchObject({
      code: 78,
      stderr: expect.stringContaining(`${secrets}: is a link to something that is not there`),
    })
  })

  it("does not serve with what systemd could read of them", async () => {
    writeFileSync(secrets, whole.slice(0, 40))
    const { code, stderr } = await run(["daemon"], { AI_AGENT_PROXY_API_KEY: whole.slice(24, 40) })
    expect(stderr).toContain(`${secrets}:1:`)
    expect(code).toBe(78)
  })

  it.skipIf(isRoot)("does not serve where its user may not read them", async () => {
    writeFileSync(secrets, whole, { mode: 0 })
    const { code, stderr } = await run(["daemon"])
    expect(stderr).toContain(`${secrets}: cannot be read (EACCES)`)
    expect(code).toBe(78)
  })

  it.runIf(isRoot)("does not serve where they are root's and its user is another one", async () => {
    writeFileSync(secrets, whole, { mode: 0o600 })
    for (const path of [user.path, home]) chmodSync(path, 0o755)
    const { code, stderr } = await resultOf(spawnCommand(["daemon"], environment(), nobody))
    expect(stderr).toContain(`${secrets}: cannot be read (EACCES)`)
    expect(code).toBe(78)
  })
})

describe("with damaged secrets", () => {
  const commands = [["status"], ["connect", "manager"], ["connect", "manager", "--standalone"]]

  it.each([
    ...commands,
    ["enable", "--dry-run", "--user"],
    ["enable", "--dry-run", "--user", "--api-key", "k"],
  ])("a service that is down is not told to be started: %s %s %s %s", async (...args) => {
    writeFileSync(secrets, whole.slice(0, 40))
    const { code, stderr } = await run(args.filter((arg) => arg !== undefined))
    expect(stderr).toContain(`${secrets}:1:`)
    expect(code).toBe(78)
  })

  it("doctor names the line", async () => {
    writeFileSync(secrets, `# mine\n${whole.slice(0, 40)}`)
    const { code, stdout } = await run(["doctor", "--user"])
    expect(stdout).toContain(`${secrets}:2:`)
    expect(code).toBe(78)
  })

  it("a service that runs keeps its key, and status says what its next start will meet", async () => {
    writeFileSync(secrets, whole)
    const daemon: DaemonProcess = await startDaemonProcess({
      userHome: user.path,
      env: environment({ AI_AGENT_PROXY_CLI: agentPath("plain-agent.sh") }),
    })
    try {
      writeFileSync(secrets, "")
      expect((await fetch(`${daemon.url}/v1/models`)).status).toBe(401)
      const { code, stdout } = await run(["status"])
      expect(stdout).toContain(`Problem    ${secrets}: is empty`)
      expect(stdout).toContain("Address    http://127.0.0.1:")
      expect(code).toBe(78)
    } finally {
      await daemon.stop()
    }
  })
})
