import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { version } from "../../src/config/config.ts"
import { parseEnvironmentFile } from "../../src/config/environment-file.ts"
import { readConfigText } from "../../src/config/read-config-text.ts"
import { healService } from "../../src/supervise/heal-service.ts"
import { currentUser } from "../../src/supervise/machine/service-user.ts"
import { planService } from "../../src/supervise/plan-service.ts"
import { removeService, setUpService } from "../../src/supervise/set-up-service.ts"
import { SystemdManager } from "../../src/supervise/systemd/systemd-manager.ts"
import { specOfSystemdUnit } from "../../src/supervise/systemd/systemd-unit.ts"
import { contentsOf } from "../support/contents-of.ts"
import { Killed, MortalFiles } from "../support/mortal-files.ts"
import { ScriptedSystemd } from "../support/scripted-systemd.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"

let folder: TempDir
let files: MortalFiles
let machine: Machine

beforeAll(async () => {
  folder = await createTempDir("interrupted")
  files = await MortalFiles.over(folder.path)
})
afterAll(async () => {
  files.restore()
  await folder.remove()
})
beforeEach(() => {
  machine = new Machine(join(folder.path, "machine"))
})

interface Values {
  readonly port?: string
  readonly apiKey?: string
}

/** One user of a machine with a service manager, and what the commands do there, without the command line around it. */
class Machine {
  readonly root: string
  readonly home: string
  readonly unit: string
  readonly #systemd: ScriptedSystemd
  readonly manager: SystemdManager
  readonly #user: ReturnType<typeof currentUser>
  #node = process.execPath

  constructor(root: string) {
    rmSync(root, { recursive: true, force: true })
    mkdirSync(root)
    this.root = root
    this.home = join(root, ".ai_agent_proxy")
    this.unit = join(root, ".config/systemd/user/ai-agent-proxy.service")
    this.#systemd = new ScriptedSystemd(this.unit, version, () => files.step())
    this.#user = { ...currentUser({}), homeDir: root }
    this.manager = new SystemdManager({ scope: "user", homeDir: root, run: this.#systemd.run, env: {} })
    this.installCli("bin")
  }

  /** Only there is a CLI now. */
  installCli(name: string): void {
    for (const other of ["bin", "moved"]) rmSync(join(this.root, other), { recursive: true, force: true })
    mkdirSync(join(this.root, name))
    writeFileSync(join(this.root, name, "codex"), "#!/bin/sh\n", { mode: 0o755 })
  }

  /** A Node of a version manager, for `enable` from now on; with `null` it is gone. */
  installNode(name: string | null): void {
    const path = join(this.root, "versions")
    rmSync(path, { recursive: true, force: true })
    this.#node = name === null ? process.execPath : join(path, name)
    if (name === null) return
    mkdirSync(path)
    writeFileSync(this.#node, "")
    chmodSync(this.#node, 0o755)
  }

  get #source(): NodeJS.ProcessEnv {
    return { PATH: `${join(this.root, "bin")}:${join(this.root, "moved")}:/usr/bin:/bin`, HOME: this.root }
  }

  async enable({ port, apiKey }: Values = {}): Promise<void> {
    const plan = planService({
      user: this.#user,
      source: this.#source,
      flags: { port, apiKey },
      isAuthOff: false,
      installation: { node: this.#node, launcher: import.meta.filename },
      installedHome: (await this.manager.installed())?.spec?.home ?? null,
      cwd: this.root,
      readFile: readConfigText,
    })
    await setUpService(plan, this.manager, {
      readFile: readConfigText,
      run: this.#systemd.run,
      tell: () => {},
    })
  }

  async restart(): Promise<void> {
    const spec = (await this.manager.installed())?.spec ?? null
    await healService({ manager: this.manager, spec }, this.#user, this.#source, this.#systemd.run)
    await this.manager.restart()
  }

  uninstall(isPurge: boolean): Promise<void> {
    return removeService(this.manager, this.#user, { home: this.home, isPurge })
  }

  /** All of it, with how the service manager has it. */
  picture(): object {
    const { isEnabled, isActive } = this.#systemd
    const files = Object.entries(contentsOf(this.root)).map(([name, content]) =>
      // Made by chance.
      name.endsWith("control/identity")
        ? [name, content.replace(/^agent-[0-9a-f]{24}\n$/, "new\n")]
        : [name, content],
    )
    return { isEnabled, isActive, files: Object.fromEntries(files) }
  }

  get isRunning(): boolean {
    return this.#systemd.isActive && this.#systemd.isEnabled
  }

  /** Puts files back; the service manager is told to have them so. */
  restoreFrom(backup: string): void {
    rmSync(this.root, { recursive: true, force: true })
    cpSync(backup, this.root, { recursive: true })
    this.#systemd.isEnabled = existsSync(this.unit)
    this.#systemd.isActive = this.#systemd.isEnabled
  }
}

/** What is there is whole, and its secrets are the user's alone. */
function expectWhole(point: string): void {
  const { home, unit } = machine
  if (existsSync(unit)) expect(specOfSystemdUnit(readFileSync(unit, "utf8")), point).not.toBeNull()
  const environment = join(home, "service.env")
  if (existsSync(environment)) {
    expect(parseEnvironmentFile(environment, readFileSync(environment, "utf8")), point).toMatchObject({
      AI_AGENT_PROXY_HOME: home,
      USER: currentUser({}).name,
    })
  }
  const secrets = join(home, "secrets")
  if (existsSync(secrets)) {
    expect(readFileSync(secrets, "utf8"), point).toMatch(/^AI_AGENT_PROXY_API_KEY="k[12]"\n$/)
  }
  for (const file of [environment, secrets]) {
    if (existsSync(file)) expect(statSync(file).mode & 0o077, point).toBe(0)
  }
}

function temporaries(): readonly string[] {
  const names = readdirSync(machine.root, { recursive: true, encoding: "utf8" })
  return names.filter((name) => name.endsWith(".tmp"))
}

/**
 * Does `command` from the same state again and again, killed at its first, second, ... operation, and `heal` after each kill; then
 * everything must be as `expected` says.
 */
async function killEverywhere(
  command: () => Promise<void>,
  heal: () => Promise<void>,
  expectHealed: (point: string) => void,
): Promise<number> {
  const backup = join(folder.path, "backup")
  rmSync(backup, { recursive: true, force: true })
  cpSync(machine.root, backup, { recursive: true })
  for (let number = 1; ; number += 1) {
    machine.restoreFrom(backup)
    const ran = await files.run(command, number)
    if (!(ran instanceof Killed)) return ran
    const point = `after a kill at operation ${number}`
    expectWhole(point)
    await heal()
    expect([point, temporaries()]).toEqual([point, []])
    expectHealed(point)
  }
}

describe("a command that is killed at any of its operations", { timeout: 240_000 }, () => {
  it("enable: the next one completes it, and everything is as if nothing had happened", async () => {
    const values = { port: "7100", apiKey: "k1" }
    const empty = join(folder.path, "empty")
    cpSync(machine.root, empty, { recursive: true })
    await machine.enable(values)
    const whole = machine.picture()
    machine.restoreFrom(empty)
    const count = await killEverywhere(
      () => machine.enable(values),
      () => machine.enable(values),
      (point) => expect([point, machine.picture()]).toEqual([point, whole]),
    )
    expect(count).toBeGreaterThan(40)
  })

  it("enable with other values: a plain one completes it, with the old values or the new", async () => {
    await machine.enable({ port: "7100", apiKey: "k1" })
    const before = machine.picture()
    await killEverywhere(
      () => machine.enable({ port: "7200", apiKey: "k2" }),
      () => machine.enable(),
      (point) => {
        expect([point, machine.isRunning]).toEqual([point, true])
        expect(Object.keys(machine.picture())).toEqual(Object.keys(before))
        expectWhole(point)
        const text = readFileSync(join(machine.home, "service.env"), "utf8")
        expect(parseEnvironmentFile("service.env", text).AI_AGENT_PROXY_PORT, point).toMatch(/^7[12]00$/)
      },
    )
  })

  it("uninstall: the next one completes it, and enable takes it back", async () => {
    await machine.enable({ port: "7100", apiKey: "k1" })
    const own = join(machine.home, "manager", "notes", "own.md")
    writeFileSync(own, "kept")
    const isRemoved = (point: string) => {
      expect([point, existsSync(machine.unit), machine.isRunning]).toEqual([point, false, false])
      expect([point, existsSync(join(machine.home, "service.env"))]).toEqual([point, false])
      expect(readFileSync(own, "utf8"), point).toBe("kept")
    }
    await killEverywhere(
      () => machine.uninstall(false),
      () => machine.uninstall(false),
      isRemoved,
    )
    isRemoved("at the end")
    await machine.enable()
    await killEverywhere(
      () => machine.uninstall(false),
      () => machine.enable(),
      (point) => expect([point, machine.isRunning, existsSync(own)]).toEqual([point, true, true]),
    )
  })

  it("uninstall --purge: the next one leaves nothing of the home, and nothing but the home goes", async () => {
    await machine.enable({ port: "7100", apiKey: "k1" })
    for (const name of ["daemon.lock", "state.db", "a-file-of-the-person"]) {
      writeFileSync(join(machine.home, name), "")
    }
    writeFileSync(join(machine.root, "beside"), "")
    const count = await killEverywhere(
      () => machine.uninstall(true),
      () => machine.uninstall(true),
      (point) => {
        expect([point, existsSync(machine.home), existsSync(machine.unit)]).toEqual([point, false, false])
        expect(existsSync(join(machine.root, "beside")), point).toBe(true)
      },
    )
    expect(count).toBeGreaterThan(10)
  })

  it("disable: it is done again, or enable undoes it", async () => {
    await machine.enable({ apiKey: "k1" })
    const running = machine.picture()
    for (const heal of [() => machine.manager.disable(), () => machine.enable()]) {
      await killEverywhere(
        () => machine.manager.disable(),
        heal,
        (point) =>
          expect([point, machine.picture()]).toEqual([
            point,
            machine.isRunning ? running : { ...running, isEnabled: false, isActive: false },
          ]),
      )
    }
  })

  it("restart that puts paths right: the next one completes it, or enable", async () => {
    machine.installNode("node-24.20")
    await machine.enable({ port: "7100", apiKey: "k1" })
    machine.installNode(null)
    machine.installCli("moved")
    for (const heal of [() => machine.restart(), () => machine.enable()]) {
      const count = await killEverywhere(
        () => machine.restart(),
        heal,
        (point) => {
          expect([point, machine.isRunning]).toEqual([point, true])
          const unit = readFileSync(machine.unit, "utf8")
          expect(unit, point).not.toContain("node-24.20")
          expect(unit, point).toContain(process.execPath)
          const file = join(machine.home, "service.env")
          const { PATH = "" } = parseEnvironmentFile(file, readFileSync(file, "utf8"))
          expect(PATH.split(":"), point).toContain(join(machine.root, "moved"))
        },
      )
      expect(count).toBeGreaterThan(8)
      const backup = join(folder.path, "backup")
      machine.restoreFrom(backup)
    }
  })
})
