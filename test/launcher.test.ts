import { spawnSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { oldNode } from "./support/old-node.ts"
import { createTempDir, type TempDir } from "./support/temp-dir.ts"

const launcher = resolve(import.meta.dirname, "../bin/ai-agent-proxy.cjs")

if (oldNode === null) console.warn("The launcher is not tried on an old Node: there is none here.")

let root: TempDir

beforeEach(async () => {
  root = await createTempDir("launcher")
  mkdirSync(join(root.path, "bin"))
  cpSync(launcher, join(root.path, "bin", "ai-agent-proxy.cjs"))
})
afterEach(() => root.remove())

function build(script: string): void {
  mkdirSync(join(root.path, "dist"), { recursive: true })
  writeFileSync(join(root.path, "package.json"), '{"type":"module"}')
  writeFileSync(join(root.path, "dist", "main.js"), script)
}

function launch(node: string, ...args: string[]) {
  return spawnSync(node, [join(root.path, "bin", "ai-agent-proxy.cjs"), ...args], {
    encoding: "utf8",
    env: { ...process.env, HOME: root.path, AI_AGENT_PROXY_HOME: "" },
    timeout: 10_000,
  })
}

describe("the launcher", () => {
  it("says what to do when the checkout is not built", () => {
    expect(launch(process.execPath)).toMatchObject({
      status: 78,
      stderr: expect.stringContaining("make install"),
    })
  })

  it("runs the command in the same process on a Node that is new enough", () => {
    build("process.exitCode = 3; console.log(process.argv.slice(2).join(' '))")
    expect(launch(process.execPath, "a", "b c")).toMatchObject({ status: 3, stdout: "a b c\n" })
  })

  it("keeps what was compiled of the newest build, in a home that is there", () => {
    const home = join(root.path, ".ai_agent_proxy")
    const compiled = join(home, "runtime", "compiled")
    // Long enough to be kept, and run to its end.
    build(`export function sum(a, b) { return a + b }; console.log(sum(1, 2)) // ${"x".repeat(2_000)}`)
    expect(launch(process.execPath)).toMatchObject({ status: 0, stdout: "3\n", stderr: "" })
    expect(existsSync(home)).toBe(false)
    mkdirSync(home)
    launch(process.execPath)
    const [first, ...others] = readdirSync(compiled)
    expect(others).toEqual([])
    expect(readdirSync(join(compiled, first ?? ""), { recursive: true }).length).toBeGreaterThan(1)
    utimesSync(join(root.path, "dist", "main.js"), 1_000, 1_000)
    expect(launch(process.execPath)).toMatchObject({ status: 0, stdout: "3\n", stderr: "" })
    expect(readdirSync(compiled)).toEqual(["1000000"])
  })

  it.each(["runtime", "runtime/compiled"])("removes nothing behind a link in the place of %s", (name) => {
    build("console.log('up')")
    const elsewhere = join(root.path, "elsewhere")
    mkdirSync(join(elsewhere, "compiled", "kept"), { recursive: true })
    mkdirSync(join(root.path, ".ai_agent_proxy", dirname(name)), { recursive: true })
    symlinkSync(
      join(elsewhere, name === "runtime" ? "" : "compiled"),
      join(root.path, ".ai_agent_proxy", name),
    )
    expect(launch(process.execPath)).toMatchObject({ status: 0, stdout: "up\n", stderr: "" })
    expect(readdirSync(join(elsewhere, "compiled"))).toEqual(["kept"])
  })

  it("starts where nothing can be kept", () => {
    build("console.log('up')")
    mkdirSync(join(root.path, ".ai_agent_proxy"))
    writeFileSync(join(root.path, ".ai_agent_proxy", "runtime"), "a file in the way")
    expect(launch(process.execPath)).toMatchObject({ status: 0, stdout: "up\n", stderr: "" })
  })

  const seen = `const { readFileSync } = await import("node:fs")
    const shown = (pid) => readFileSync("/proc/" + pid + "/cmdline", "utf8").replaceAll("\\0", " ")
    console.log(JSON.stringify([process.argv.slice(2), shown("self"), shown(process.ppid), process.env.AI_AGENT_PROXY_ARGUMENTS]))`
  const forms = [
    ["daemon", "--api-key", "sk-secret", "--port", "1"],
    ["enable", "--api-key=sk-secret", "--dry-run"],
  ]
  const isLinux = process.platform === "linux"

  it.runIf(isLinux).each(forms)(
    "shows no key in the list of processes, and the command has it: %s %s",
    (...args) => {
      build(seen)
      const [argv, own, , handedOver] = JSON.parse(launch(process.execPath, ...args).stdout)
      expect(argv).toEqual(args)
      expect(own).not.toContain("secret")
      expect(own).toContain(args[0])
      expect(handedOver).toBeNull()
    },
  )

  it.runIf(isLinux && oldNode !== null).each(forms)(
    "nor that of the process that an old Node starts, or its own: %s %s",
    (...args) => {
      build(seen)
      const bin = join(root.path, "node_modules", "node", "bin")
      mkdirSync(bin, { recursive: true })
      writeFileSync(join(bin, "node"), `#!/bin/sh\nexec '${process.execPath}' "$@"\n`, { mode: 0o755 })
      const [argv, own, parent, handedOver] = JSON.parse(launch(oldNode ?? "", ...args).stdout)
      expect(argv).toEqual(args)
      expect(own + parent).not.toContain("secret")
      expect(handedOver).toBeNull()
    },
  )

  it.skipIf(oldNode === null)("says which Node is needed on an old one", () => {
    build("console.log('never')")
    const result = launch(oldNode ?? "", "daemon")
    expect(result).toMatchObject({ status: 78, stdout: "" })
    expect(result.stderr).toMatch(/Node 24\.15 or newer.*npm install --prefix \S+\/runtime node@24/s)
  })

  it.skipIf(oldNode === null)("uses the Node that was installed for the service alone", () => {
    build("console.log(process.version)")
    const bin = join(root.path, ".ai_agent_proxy", "runtime", "node_modules", "node", "bin")
    mkdirSync(bin, { recursive: true })
    writeFileSync(join(bin, "node"), `#!/bin/sh\nexec '${process.execPath}' "$@"\n`, { mode: 0o755 })
    expect(launch(oldNode ?? "")).toMatchObject({ status: 0, stdout: `${process.version}\n` })
  })

  it.skipIf(oldNode === null)(
    "uses the checkout's own Node on an old one, with its exit code and signals",
    () => {
      build("console.log(process.version); process.kill(process.pid, 'SIGTERM')")
      const bin = join(root.path, "node_modules", "node", "bin")
      mkdirSync(bin, { recursive: true })
      writeFileSync(join(bin, "node"), `#!/bin/sh\nexec '${process.execPath}' "$@"\n`, { mode: 0o755 })
      expect(launch(oldNode ?? "")).toMatchObject({ signal: "SIGTERM", stdout: `${process.version}\n` })
    },
  )
})
