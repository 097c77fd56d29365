import { spawn } from "node:child_process"
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, truncateSync } from "node:fs"
import { cp } from "node:fs/promises"
import { join, resolve } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { ensureAgentWorkspace } from "../../src/workspace/agent/agent-workspace.ts"
import { resultOf, runCommand } from "../support/command.ts"
import { type DaemonProcess, startDaemonProcess } from "../support/daemon-process.ts"
import { noMountReason, onSmallDisk } from "../support/private-mount.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"

/** A command line, the exit code that it has, and what is printed: on stderr, or on stdout where it is done. */
type Case = readonly [args: string, code: number, says: string | RegExp]

interface Row {
  readonly wrong: readonly Case[]
  /** Where it names an agent. */
  readonly missing?: readonly Case[]
  readonly down: readonly Case[]
  readonly readOnly: readonly Case[]
  readonly full: readonly Case[]
  /** It changes what systemd or launchd does, so it is only tried where there is neither. */
  readonly isAboutServiceManager?: true
}

const notRunning = "The service is not running"
const noAgent = "There is no agent 'nobody'"
const isReadOnly = /file system is read-only|read-only file system|no permission/
const isFull = /the disk is full|the file would be larger/
/** Whatever is wrong with the home. */
const always = (...cases: readonly Case[]) => ({ down: cases, readOnly: cases, full: cases })
const changing = (args: string) => ({
  readOnly: [[args, 1, isReadOnly]] as const,
  full: [[args, 1, isFull]] as const,
})
const noManager = (args: string): Row => ({
  wrong: [[`${args} extra`, 2, "too many arguments"]],
  ...always([args, 69, "There is no systemd here"]),
  isAboutServiceManager: true,
})

const table: Readonly<Record<string, Row>> = {
  daemon: {
    wrong: [["daemon --port none", 78, "port"]],
    down: [],
    ...changing("daemon --port 0"),
  },
  init: {
    wrong: [["init a_b", 2, 'The role "a_b" must be']],
    down: [["init researcher", 0, /^id {9}researcher\n/]],
    readOnly: [
      ["init researcher", 1, isReadOnly],
      ["init manager --force", 1, isReadOnly],
    ],
    full: [
      ["init researcher", 1, isFull],
      ["init manager --force", 1, isFull],
    ],
  },
  hire: {
    wrong: [
      ["hire engineer", 2, "missing required argument 'name'"],
      ["hire Ingénieur x", 2, 'The role "Ingénieur" must be'],
      ["hire engineer ../x", 2, 'The name "../x" must be'],
      ["hire architect bob", 2, "There is a 'bob' already: engineer_bob"],
      ["hire engineer eve --permissions all", 2, "--permissions is full, workspace or read-only"],
      ["hire engineer eve --backend nosuch", 2, "There is no backend nosuch; there are codex, claude"],
      ["hire engineer eve --cli=codex&&claude", 2, "it has a &"],
      ["hire engineer eve --cli=demo||--fast", 2, "it begins with the option --fast"],
    ],
    down: [
      ["hire engineer alice", 0, /^id {9}engineer_alice\n/],
      ["hire architect bob", 2, "There is a 'bob' already: engineer_bob"],
      ["hire engineer ../x", 2, 'The name "../x" must be'],
    ],
    ...changing("hire engineer alice"),
  },
  fire: {
    wrong: [
      ["fire", 2, "missing required argument 'agent'"],
      ["fire manager", 2, "The manager cannot be fired"],
    ],
    missing: [["fire nobody", 1, noAgent]],
    down: [
      ["fire manager", 2, "The manager cannot be fired"],
      ["fire nobody", 1, noAgent],
      ["fire engineer_bob", 0, /^engineer_bob is fired/],
    ],
    readOnly: [["fire engineer_bob", 1, isReadOnly]],
    // Nothing has to be written for it.
    full: [["fire engineer_bob", 0, /^engineer_bob is fired/]],
  },
  list: {
    wrong: [["list x", 2, "too many arguments"]],
    ...always(["list", 0, /^manager\n/m]),
  },
  status: {
    wrong: [["status --home=", 78, "--home: "]],
    missing: [["status nobody", 1, noAgent]],
    ...always(["status", 1, notRunning]),
  },
  stop: {
    wrong: [["stop", 2, "Which agent?"]],
    missing: [["stop nobody", 1, noAgent]],
    down: [
      ["stop manager", 0, "manager is stopped"],
      ["stop nobody", 1, noAgent],
    ],
    ...changing("stop manager"),
  },
  start: {
    wrong: [["start", 2, "Which agent?"]],
    missing: [["start nobody", 1, noAgent]],
    down: [
      ["start manager", 0, "manager is down"],
      ["start nobody", 1, noAgent],
    ],
    ...changing("start manager"),
  },
  connect: {
    wrong: [
      ["connect", 2, "missing required argument 'agent'"],
      ["connect manager /no/such/folder", 2, "/no/such/folder is not a folder"],
      ["connect manager", 2, "There is nothing on stdin"],
      ["connect manager --standalone", 2, "The service is running already"],
    ],
    missing: [["connect nobody", 1, noAgent]],
    down: [["connect manager", 1, notRunning]],
    ...changing("connect manager --standalone"),
  },
  ask: {
    wrong: [
      ["ask", 2, "missing required argument 'agent'"],
      ["ask manager", 2, "There is no question"],
      ["ask manager hi", 1, "`no-such-cli` is not on the PATH"],
    ],
    missing: [["ask nobody hi", 1, noAgent]],
    ...always(["ask manager hi", 1, notRunning]),
  },
  remember: {
    wrong: [
      ["remember manager", 2, "There is nothing to remember"],
      [`remember manager ${"x".repeat(3000)}`, 2, "too long to be remembered"],
    ],
    missing: [["remember nobody x", 1, noAgent]],
    down: [
      ["remember manager Plums.", 0, "manager remembers it"],
      ["remember nobody x", 1, noAgent],
    ],
    ...changing("remember manager Plums."),
  },
  reply: {
    wrong: [["reply x --response", 2, "argument missing"]],
    ...always(["reply x", 1, "does not answer at http://127.0.0.1:9"]),
  },
  outbox: {
    wrong: [["outbox --limit none", 2, "--limit is a number from 1 to 100"]],
    missing: [["outbox nobody", 1, noAgent]],
    ...always(["outbox", 1, notRunning]),
  },
  ledger: {
    wrong: [
      ["ledger mend", 2, "Allowed choices are check, restore"],
      ["ledger check --empty", 2, "--from and --empty are for"],
      ["ledger restore --from x --empty", 2, "Either --from or --empty"],
    ],
    down: [
      ["ledger check", 0, "State      there is none yet"],
      ["ledger restore", 1, "There is no copy of the ledger"],
      ["ledger restore --from nothing", 2, "There is no "],
    ],
    readOnly: [["ledger restore --empty", 1, isReadOnly]],
    full: [["ledger restore --empty", 1, isFull]],
  },
  completion: {
    wrong: [["completion tcsh", 2, "Allowed choices are bash, zsh, fish"]],
    ...always(["completion bash", 0, "complete -o default"]),
  },
  enable: noManager("enable"),
  disable: noManager("disable"),
  restart: noManager("restart"),
  logs: {
    wrong: [["logs -n none", 2, "It must be a whole number above 0"]],
    ...always(["logs", 1, "The service is not installed. Next: ai-agent-proxy enable"]),
    isAboutServiceManager: true,
  },
  doctor: {
    wrong: [["doctor extra", 2, "too many arguments"]],
    ...always(["doctor", 1, /^FAIL/m]),
    isAboutServiceManager: true,
  },
  uninstall: {
    ...noManager("uninstall --keep"),
    wrong: [
      ["uninstall --keep extra", 2, "too many arguments"],
      ["uninstall --keep --purge", 2, "--keep and --purge cannot both be meant"],
    ],
  },
}

const hasServiceManager = process.platform === "darwin" || existsSync("/run/systemd/system")
if (hasServiceManager)
  console.warn("commands about the service are tried with wrong arguments only: it would be this machine's")

interface Ran {
  readonly args: readonly string[]
  readonly problem?: string
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly changed: readonly {
    readonly path: string
    readonly before: string | null
    readonly after: string | null
  }[]
}

/** Exit codes of the table in docs/cli.md. */
const documentedCodes = [
  ...readFileSync(resolve(import.meta.dirname, "../../docs/cli.md"), "utf8").matchAll(/^\| ([\d, ]+) \|/gm),
].flatMap(([, codes]) => (codes ?? "").split(",").map(Number))

const runner = resolve(import.meta.dirname, "programs/run-each.ts")

describe("every command", () => {
  let user: TempDir
  let prepared: string

  beforeAll(async () => {
    user = await createTempDir("every")
    prepared = join(user.path, "prepared")
    await ensureAgentWorkspace(prepared, { role: "manager", name: null })
    await ensureAgentWorkspace(prepared, { role: "engineer", name: "bob" })
    // So that a full disk takes the beginning of what is added, and not the rest.
    truncateSync(join(prepared, "manager/memory/memory.md"), 4090)
    chmodSync(prepared, 0o700)
  })
  afterAll(() => user.remove())

  const environment = (home: string): Record<string, string> => ({
    HOME: user.path,
    PATH: "/usr/bin:/bin",
    AI_AGENT_PROXY_HOME: home,
    AI_AGENT_PROXY_URL: "http://127.0.0.1:9",
    AI_AGENT_PROXY_AGENT_TOKEN: "aap-agent-none",
  })

  /** Starts one program for all of them; the command line of it is made by `wrap` out of the runner's. */
  async function runAll(
    cases: readonly Case[],
    home: string,
    wrap = (program: readonly string[]): readonly string[] => program,
  ): Promise<readonly Ran[]> {
    const commands = cases.map(([args]) => args.split(" "))
    const [file = "", ...args] = wrap([process.execPath, runner, JSON.stringify(commands)])
    const child = spawn(file, args, { env: environment(home), cwd: "/", stdio: ["ignore", "pipe", "pipe"] })
    const { code, stdout, stderr } = await resultOf(child)
    expect([code, stderr]).toEqual([0, ""])
    // Written by our own program.
    return stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Ran)
  }

  function expectOutcome([args, code, says]: Case, ran: Ran | undefined): void {
    const { stdout = "", stderr = "" } = ran ?? {}
    expect([ran?.problem, ran?.code], `${args}: ${stderr}`).toEqual([undefined, code])
    expect(documentedCodes, args).toContain(code)
    // The checks of doctor are its result, also when they fail.
    const isResult = code === 0 || args === "doctor"
    expect(isResult ? stdout : stderr, args).toMatch(says)
    if (isResult) return
    expect(stdout, args).toBe("")
    expect(stderr, args).toMatch(/^(?:ai-agent-proxy|error): /m)
    expect(stderr, args).not.toMatch(/^\s+at /m)
  }

  /** Nothing is half-written: files are as they were, or whole in the archive. */
  function expectUnchanged([args, code]: Case, ran: Ran | undefined): void {
    if (code !== 0) expect(ran?.changed, args).toEqual([])
    const gone = ran?.changed.flatMap(({ before }) => before ?? []).toSorted()
    const there = ran?.changed.flatMap(({ after }) => after ?? []).toSorted()
    expect(there, args).toEqual(gone)
  }

  const rowsOf = (key: "missing" | "down" | "readOnly" | "full"): readonly Case[] =>
    Object.values(table).flatMap((row) =>
      hasServiceManager && row.isAboutServiceManager ? [] : (row[key] ?? []),
    )

  it("is in this table, and tells its options with an example", async () => {
    const { stdout } = await runCommand(["--help"], { env: environment(prepared) })
    const list = /^Commands:\n([\s\S]*?)\n\n/m.exec(stdout)?.[1] ?? ""
    const names = [...list.matchAll(/^ {2}([a-z]+)/gm)].flatMap(([, name]) =>
      name === "help" ? [] : [name ?? ""],
    )
    expect(names.length).toBeGreaterThan(15)
    expect(names.toSorted()).toEqual(Object.keys(table).toSorted())
    const cases = names.map((name): Case => [`${name} --help`, 0, /Examples?:\n {2}\S/])
    const ran = await runAll(cases, prepared)
    for (const [index, one] of cases.entries()) {
      expectOutcome(one, ran[index])
      // The two whose result is a program for the shell, or none.
      if (!["completion", "daemon"].includes(names[index] ?? ""))
        expect(ran[index]?.stdout).toContain("--json")
    }
  })

  describe("with a service that runs", () => {
    let daemon: DaemonProcess
    let home: string

    beforeAll(async () => {
      home = join(user.path, ".ai_agent_proxy")
      await cp(prepared, home, { recursive: true })
      daemon = await startDaemonProcess({
        userHome: user.path,
        env: { HOME: user.path, PATH: "/usr/bin:/bin" },
        args: ["--cli", "no-such-cli"],
      })
    })
    afterAll(async () => {
      await daemon.stop()
    })

    it("says what is wrong with its arguments, and which agent is not there", async () => {
      const unknown = Object.keys(table).map((name): Case => [`${name} --nope`, 2, "unknown option '--nope'"])
      const wrong = Object.values(table).flatMap((row) => row.wrong)
      const cases: Case[] = [...unknown, ...wrong, ...rowsOf("missing"), ["hier", 2, "Did you mean hire?"]]
      const ran = await runAll(cases, home)
      for (const [index, one] of cases.entries()) {
        expectOutcome(one, ran[index])
        expectUnchanged(one, ran[index])
      }
    })
  })

  it("does what it can while the service is down, and says how to start it where it can do nothing", async () => {
    const home = join(user.path, "down")
    await cp(prepared, home, { recursive: true })
    const cases = rowsOf("down")
    const ran = await runAll(cases, home)
    for (const [index, one] of cases.entries()) expectOutcome(one, ran[index])
  })

  const onDisk = (home: string, preparation: string) => (program: readonly string[]) => [
    "unshare",
    ...onSmallDisk(home, `cp -a ${prepared}/. "$0" && { ${preparation}; } && exec "$@"`),
    ...program,
  ]

  /** In a folder of its own, which is the mount point or the home itself. */
  async function emptyHome(name: string): Promise<string> {
    const home = join(user.path, name)
    await cp(join(prepared, "manager/notes"), home, { recursive: true })
    return home
  }

  if (noMountReason !== null)
    console.warn(`the disk is made full by a limit of file sizes only: ${noMountReason}`)

  it("says that the disk is full, and leaves nothing half-written", async () => {
    const home = await emptyHome("full")
    const cases = rowsOf("full")
    // Without a disk of its own no file may get longer than nothing, which fails with EFBIG in place of ENOSPC.
    if (noMountReason !== null) await cp(prepared, home, { recursive: true })
    const limited = (program: readonly string[]) => [
      "bash",
      "-c",
      `trap '' XFSZ; ulimit -f 0; exec "$@"`,
      "bash",
      ...program,
    ]
    const fill = `dd if=/dev/zero of="$0/filler" bs=4k 2>/dev/null || true`
    const ran = await runAll(cases, home, noMountReason === null ? onDisk(home, fill) : limited)
    for (const [index, one] of cases.entries()) {
      expectOutcome(one, ran[index])
      expectUnchanged(one, ran[index])
    }
  })

  const noReadOnlyReason =
    noMountReason !== null && process.getuid?.() === 0
      ? `root may write everywhere, and ${noMountReason}`
      : null
  if (noReadOnlyReason !== null) console.warn(`a read-only home is not tried: ${noReadOnlyReason}`)

  it.skipIf(noReadOnlyReason !== null)(
    "says that the home is read-only, and shows what can be seen",
    async () => {
      const home = await emptyHome("read-only")
      const cases = rowsOf("readOnly")
      if (noMountReason !== null) {
        await cp(prepared, home, { recursive: true })
        setModes(home, 0o555, 0o444)
      }
      const readOnly = `mount -o remount,ro "$0"`
      const ran = await runAll(cases, home, noMountReason === null ? onDisk(home, readOnly) : undefined)
      if (noMountReason !== null) setModes(home, 0o700, 0o600)
      for (const [index, one] of cases.entries()) {
        expectOutcome(one, ran[index])
        expectUnchanged(one, ran[index])
      }
    },
  )
})

function setModes(folder: string, ofFolders: number, ofFiles: number): void {
  chmodSync(folder, 0o700)
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) setModes(path, ofFolders, ofFiles)
    else chmodSync(path, ofFiles)
  }
  chmodSync(folder, ofFolders)
}
