import { execFileSync } from "node:child_process"
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { startTestService, type TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

let service: TestService
let outside: TempDir

beforeEach(async () => {
  outside = await createTempDir("outside")
  service = await startTestService({ cli: "no-such-cli", demoFallback: true })
})
afterEach(async () => {
  await service.stop()
  await outside.remove()
})

const manager = (path: string) => join(service.home, "manager", path)
const say = (model = "manager") => service.client.responses.create({ model, input: "say hello" })
const warnings = () => JSON.stringify(service.logged.filter(({ level }) => level === "warn"))

/** A link to a folder that is not the agent's takes the place of one that is. */
function lead(name: string): void {
  renameSync(manager(name), manager(`${name}.before`))
  symlinkSync(outside.path, manager(name))
}

function noteLines(): readonly string[] {
  const [file] = existsSync(manager("notes")) ? readdirSync(manager("notes")) : []
  return file === undefined
    ? []
    : readFileSync(manager(`notes/${file}`), "utf8")
        .trim()
        .split("\n")
}

function sendFile() {
  const file_data = `data:text/plain;base64,${Buffer.from("a file of the client").toString("base64")}`
  const content = [
    { type: "input_text" as const, text: "say hello" },
    { type: "input_file" as const, filename: "a.txt", file_data },
  ]
  return service.client.responses.create({ model: "manager", input: [{ role: "user", content }] })
}

describe("the service in an agent's folder", () => {
  it("writes nothing through links, says so in its log, and the turns go on", async () => {
    for (const name of ["notes", "logs", "memory", "control"]) lead(name)
    expect((await say()).output_text).toBe("hello")
    const problems = ["notes", "logs"].map((name) => `${manager(name)} is a symbolic link`)
    await waitFor(() => problems.every((problem) => warnings().includes(problem)), {
      what: "what was refused to be logged",
    })
    const problem = () => service.roster.list()[0]?.controlProblem
    await waitFor(() => problem()?.includes(`${manager("control")} is a symbolic link`) === true, {
      what: "the link to be told in status",
    })
    await service.restart()
    expect(service.roster.list()).toMatchObject([{ id: "manager", controlProblem: problem() }])
    expect(readdirSync(outside.path)).toEqual([])
  })

  it("hands over no file through a link, and says to the client why", async () => {
    lead("inbox")
    await expect(sendFile()).rejects.toMatchObject({
      status: 503,
      code: "storage_failed",
      message: expect.stringContaining("its inbox is a symbolic link"),
    })
    expect(readdirSync(outside.path)).toEqual([])
    // What was left by turns of an earlier run is removed there, and nowhere else.
    mkdirSync(join(outside.path, "unstored"))
    writeFileSync(join(outside.path, "unstored", "theirs"), "")
    await service.restart()
    expect(readdirSync(join(outside.path, "unstored"))).toEqual(["theirs"])
  })

  it("starts, and works for all others, where a control file is a pipe that nobody writes to", async () => {
    await service.roster.hire({ role: "engineer", name: "alice" })
    const file = join(service.home, "engineer_alice", "control", "agent.json")
    rmSync(file)
    execFileSync("mkfifo", [file])
    try {
      const problem = () => service.roster.list().find(({ id }) => id === "engineer_alice")?.controlProblem
      await waitFor(() => problem()?.includes("is a named pipe") === true, {
        what: "the pipe to be noticed",
        timeoutMs: 20_000,
      })
      // It goes on as it was.
      expect((await say("alice")).output_text).toBe("hello")
      await service.restart()
      expect((await say()).output_text).toBe("hello")
      expect(problem()).toContain("is a named pipe")
    } finally {
      // Whoever waits for a writer would wait for ever.
      closeSync(openSync(file, constants.O_RDWR | constants.O_NONBLOCK))
    }
  })

  it("makes folders that were removed again, with the next turn and at the start", async () => {
    const folders = ["inbox", "logs", "memory", "notes"]
    const remove = () => {
      for (const name of folders) rmSync(manager(name), { recursive: true })
    }
    remove()
    await say()
    await waitFor(() => noteLines().length === 1 && existsSync(manager("logs/turns.jsonl")), {
      what: "the note and the log of the turn",
    })
    expect((await sendFile()).status).toBe("completed")
    expect(readdirSync(manager("inbox"))).toHaveLength(1)
    await service.roster.hire({ role: "engineer", name: "alice" })
    rmSync(join(service.home, "engineer_alice", "memory"), { recursive: true })
    await service.restart()
    expect(readdirSync(service.home)).toContain("engineer_alice")
    expect(readdirSync(manager(""))).toEqual(expect.arrayContaining(folders))
    await waitFor(() => existsSync(join(service.home, "engineer_alice", "memory")), {
      what: "the folder of an agent that is started",
    })
  })

  it("takes a control file with a byte order mark, in UTF-8 and in UTF-16", async () => {
    const text = readFileSync(manager("control/agent.json"), "utf8")
    const status = () => service.roster.list()[0]
    for (const [encoding, permissions] of [
      ["utf8", "read-only"],
      ["utf16le", "full"],
    ] as const) {
      const changed = text.replace('"effort": null', `"effort": "${permissions}"`)
      writeFileSync(manager("control/agent.json"), `\uFEFF${changed}`, encoding)
      await service.restart()
      expect(status()?.controlProblem).toBeNull()
      expect((await say()).output_text).toBe("hello")
    }
  })
})

describe("an agent that may write in its folder only", () => {
  let codex: TestService
  beforeEach(async () => {
    codex = await startTestService()
  })
  afterEach(() => codex.stop())

  it("has nothing written outside of it by a link that it makes itself", async () => {
    const settings = { permissions: "workspace" } as const
    await codex.roster.hire({ role: "engineer", name: "alice", settings })
    const ask = (input: string) => codex.client.responses.create({ model: "alice", input })
    const own = join(codex.home, "engineer_alice")
    const links = ["notes", "logs"].map(
      (name) => `mv ${name} ${name}.before && ln -s ${outside.path} ${name}`,
    )
    await ask(`[[shell:cd ${own} && ${links.join(" && ")}]][[say:done]]`)
    expect(readdirSync(own)).toContain("notes.before")
    await ask("[[say:a text of the agent]]")
    const logged = () => JSON.stringify(codex.logged)
    await waitFor(() => logged().includes(`${join(own, "notes")} is a symbolic link`), {
      what: "what was refused to be logged",
    })
    await codex.roster.stop("engineer_alice")
    expect(readdirSync(outside.path)).toEqual([])
  })
})
