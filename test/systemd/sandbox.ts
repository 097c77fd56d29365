import { spawn } from "node:child_process"
import { once } from "node:events"
import { cpSync, existsSync, mkdirSync, symlinkSync } from "node:fs"
import { join, resolve } from "node:path"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"

const root = resolve(import.meta.dirname, "../..")

/** What the machines of the sandbox find under /payload. */
export interface Payload {
  readonly path: string
  remove(): Promise<void>
}

export interface SandboxRun {
  readonly code: number | null
  readonly output: string
  /** Why this machine cannot do it; null: it can. */
  readonly skipReason: string | null
}

/**
 * The package as it is published, installed from its tarball by the npm and Node of this machine; Node 24 beside it, as a
 * user has it who followed the docs; a CLI that needs no account.
 */
export async function makePayload(): Promise<Payload> {
  if (!existsSync(join(root, "dist", "main.js"))) throw new Error("there is no dist/: run `make build` first")
  const folder: TempDir = await createTempDir("payload")
  const at = (...parts: string[]) => join(folder.path, ...parts)
  mkdirSync(at("bin"))
  await run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder.path], root)
  const { version } = JSON.parse(
    (await run("npm", ["pkg", "get", "version"], root)).replace(/^(.*)$/s, '{"version":$1}'),
  ) as { version: string }
  await run(
    "npm",
    [
      "install",
      "-g",
      "--silent",
      "--prefer-offline",
      "--no-audit",
      "--no-fund",
      "--prefix",
      at("prefix"),
      at(`ai-agent-proxy-${version}.tgz`),
    ],
    folder.path,
  )
  cpSync(process.execPath, at("bin", "node"))
  symlinkSync("../prefix/bin/ai-agent-proxy", at("bin", "ai-agent-proxy"))
  cpSync(join(root, "test/agents/plain-agent.sh"), at("agent"))
  cpSync(join(root, "test/systemd/programs"), at("programs"), { recursive: true })
  cpSync(join(root, "docs/service.md"), at("service.md"))
  await run("chmod", ["-R", "a+rX", folder.path], root)
  return { path: folder.path, remove: folder.remove }
}

/** Boots a machine for each program, one after the other on the same disk. */
export async function runInSandbox(
  payload: Payload,
  programs: readonly string[],
  seconds = 600,
): Promise<SandboxRun> {
  const commands = programs.map((program) => `/payload/bin/node /payload/programs/${program}.ts`)
  return runCommandsInSandbox(payload.path, commands, seconds)
}

/** The same for lines for bash, with a folder that they find as /payload. */
export async function runCommandsInSandbox(
  payload: string,
  commands: readonly string[],
  seconds: number,
): Promise<SandboxRun> {
  const child = spawn(
    "bash",
    [join(import.meta.dirname, "sandbox.sh"), "-t", String(seconds), payload, ...commands],
    { stdio: ["ignore", "pipe", "pipe"] },
  )
  let output = ""
  let errors = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text
  })
  // `close` gives the exit code, or null and a signal.
  const [code] = (await once(child, "close")) as [number | null]
  return { code, output: `${output}${errors}`, skipReason: code === 77 ? errors.trim() : null }
}

async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  // The npm and Node of a user, not those that the checkout has for its own scripts.
  const folders = (process.env.PATH ?? "").split(":").filter((folder) => !folder.includes("node_modules"))
  const env = { ...process.env, PATH: folders.join(":") }
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "inherit"] })
  let output = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text
  })
  const [code] = (await once(child, "close")) as [number | null]
  if (code !== 0) throw new Error(`${program} ${args[0]} failed with exit code ${code}`)
  return output
}
