import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { makeOldAgent } from "../../../test/support/old-home.ts"
import { createTempDir, type TempDir } from "../../../test/support/temp-dir.ts"
import { cliCommandsOf } from "../../config/cli-commands.ts"
import { RosterFolder } from "../home/roster-folder.ts"
import { takeOverAgents } from "./take-over.ts"

let temp: TempDir
let home: string
const defaults = {
  cliCommands: cliCommandsOf("codex"),
  workingDirectory: "/home/ann/.openclaw/workspace",
}

beforeEach(async () => {
  temp = await createTempDir("take-over")
  home = temp.path
})
afterEach(() => temp.remove())

const oldAgent = (id: string, runtime?: object | string, waiting?: readonly object[]) =>
  makeOldAgent(home, id, runtime, waiting)

const control = async (id: string) => JSON.parse(await readFile(join(home, id, "control/agent.json"), "utf8"))

describe("taking over agents of release 0.2.0", () => {
  it("makes them agents with what they had, and changes nothing of theirs", async () => {
    await oldAgent("manager", { autostart: true, cli: "codex", working_dir: defaults.workingDirectory })
    await oldAgent("engineer_alice", {
      autostart: true,
      cli: "codex",
      working_dir: join(home, "engineer_alice"),
    })
    await oldAgent("reviewer_alice", { autostart: false, cli: "claude", working_dir: "/srv/code" })
    await oldAgent("engineer_al-ice")
    expect(await takeOverAgents(home, defaults)).toEqual({
      agents: ["engineer_al-ice", "engineer_alice", "manager", "reviewer_alice"],
      left: [],
    })
    const settings = { backend: null, cli: null, desired_state: "running", permissions: "full" }
    expect(await control("manager")).toMatchObject({ ...settings, name: null, working_dir: null })
    expect(await control("engineer_alice")).toMatchObject({ ...settings, name: "alice", working_dir: "./" })
    expect(await control("engineer_al-ice")).toMatchObject({ ...settings, name: "al-ice", working_dir: "./" })
    expect(await control("reviewer_alice")).toMatchObject({
      cli: "claude",
      desired_state: "stopped",
      working_dir: "/srv/code",
    })
    const roster = new RosterFolder(home, () => {})
    await roster.read()
    expect(roster.entries.map(({ id, problem }) => [id, problem])).toEqual(
      ["manager", "engineer_al-ice", "engineer_alice", "reviewer_alice"].map((id) => [id, null]),
    )
    expect(await readFile(join(home, "engineer_alice/AGENTS.md"), "utf8")).toContain("of engineer_alice")
    expect(await readFile(join(home, "engineer_alice/memory/memory.md"), "utf8")).toContain("remembers")
    expect(await readdir(join(home, "engineer_al-ice/control/queue"))).toHaveLength(1)
  })

  it("does what was asked for while that service was down, in that order", async () => {
    const connect = { action: "connect", cli: "claude", working_dir: "/srv/code" }
    const stop = { action: "stop" }
    const ran = { autostart: true, cli: "codex", working_dir: join(home, "engineer_a") }
    await oldAgent("engineer_a", ran, [stop])
    await oldAgent("engineer_b", undefined, [connect, stop])
    await oldAgent("engineer_c", { ...ran, autostart: false }, [stop, connect])
    await oldAgent("engineer_d", ran, [{ action: "dance" }])
    await writeFile(join(home, "engineer_d/control/queue/2026-11-29T11.json"), "{")
    await takeOverAgents(home, defaults)
    expect(await control("engineer_a")).toMatchObject({
      desired_state: "stopped",
      cli: null,
      working_dir: "./",
    })
    const asked = { cli: "claude", working_dir: "/srv/code" }
    expect(await control("engineer_b")).toMatchObject({ desired_state: "stopped", ...asked })
    expect(await control("engineer_c")).toMatchObject({ desired_state: "running", ...asked })
    expect(await control("engineer_d")).toMatchObject({ desired_state: "running", cli: null })
  })

  it("takes nobody twice: not whoever is ours, nor whose control file a person has removed", async () => {
    await oldAgent("engineer_alice")
    await takeOverAgents(home, defaults)
    expect(await takeOverAgents(home, defaults)).toEqual({ agents: [], left: [] })
    await rm(join(home, "engineer_alice/control/agent.json"))
    expect(await takeOverAgents(home, defaults)).toEqual({ agents: [], left: [] })
  })

  it("leaves folders alone that are no agents, and says whom it cannot take", async () => {
    for (const folder of ["logs/notes", "agent_replies/control/queue", "files", "archive"]) {
      await mkdir(join(home, folder), { recursive: true })
    }
    await oldAgent(`engineer_${"a".repeat(40)}`)
    await symlink("/nowhere", join(home, "engineer_gone"))
    expect(await takeOverAgents(home, defaults)).toEqual({
      agents: [],
      left: [{ folder: `engineer_${"a".repeat(40)}`, why: expect.stringContaining("1 to 32") }],
    })
    expect(await readdir(join(home, "logs"))).toEqual(["notes"])
    expect(await readdir(join(home, "agent_replies"))).toEqual(["control"])
  })

  it.each(["{", '{"autostart": "often"}', "[]", '{"working_dir": "/srv/a\\u0000b"}'])(
    "takes one over whose file %s is not understood, with the settings of the service, and says so",
    async (text) => {
      await oldAgent("engineer_alice", text)
      expect(await takeOverAgents(home, defaults)).toEqual({
        agents: ["engineer_alice"],
        left: [{ folder: "engineer_alice/control", why: expect.stringContaining("runtime.json") }],
      })
      expect(await control("engineer_alice")).toMatchObject({ cli: null, desired_state: "running" })
    },
  )

  it("says once what it cannot use, where two files would have been in it", async () => {
    await oldAgent("engineer_alice", { autostart: true })
    for (const name of ["memory", "SOUL.md"]) {
      await rm(join(home, "engineer_alice", name), { recursive: true })
      await symlink(join(home, "elsewhere"), join(home, "engineer_alice", name))
    }
    const { left } = await takeOverAgents(home, defaults)
    expect(left.map(({ why }) => why)).toEqual([...new Set(left.map(({ why }) => why))])
    expect(left).toContainEqual({
      folder: "engineer_alice/control",
      why: expect.stringContaining("memory is a symbolic link"),
    })
  })
})
