import { mkdir, rm, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { makeOldAgent } from "../../test/support/old-home.ts"
import { createTempDir, type TempDir } from "../../test/support/temp-dir.ts"
import { cliCommandsOf } from "../config/cli-commands.ts"
import { takeOverHome } from "../workspace/take-over/taken-over-record.ts"
import { olderRelease } from "./older-release.ts"

let temp: TempDir
let units: string
let home: string
let user: { name: string; uid: number; homeDir: string }

beforeEach(async () => {
  temp = await createTempDir("older-release")
  units = join(temp.path, "units")
  user = { name: "ann", uid: 1234, homeDir: join(temp.path, "ann") }
  home = join(user.homeDir, ".ai_agent_proxy")
  await mkdir(units)
  await mkdir(home, { recursive: true })
})
afterEach(() => temp.remove())

const unit = (name: string, lines: readonly string[], flags = "") =>
  writeFile(
    join(units, `${name}.service`),
    `[Service]\n${lines.map((line) => `${line}\n`).join("")}ExecStart=/v/python3 -m ai_agent_proxy.cli daemon ${flags}\n`,
  )

const toDo = async (scope: "system" | "user") => {
  const definitionPath = join(units, "ai-agent-proxy.service")
  return (await olderRelease(home, { definitionPath, scope, user }))?.toDo ?? []
}

const told = (name: string, systemctl: string) => ({
  what: `${units}/${name}.service is another service of it, which would take the same home`,
  next: `${systemctl} disable --now ${name}.service`,
})

describe("a second unit of release 0.2.0", () => {
  it("is told of where it takes the same home, however it says so", async () => {
    await symlink(user.homeDir, join(temp.path, "link"))
    await unit("a", [`Environment=HOME=${user.homeDir}`])
    await unit("b", ["Environment=HOME=/nowhere"], `--base-dir ${home}/`)
    await unit("c", ["User=ann"])
    await unit("d", ["User=1234"])
    await unit("e", ["User=bob"], `--base-dir=${join(temp.path, "link", ".ai_agent_proxy")}`)
    await unit("f", [`Environment=HOME=${user.homeDir}`], "--base-dir ~/.ai_agent_proxy")
    const names = ["a", "b", "c", "d", "e", "f"]
    expect(await toDo("system")).toEqual(names.map((name) => told(name, "sudo systemctl")))
  })

  it("is not where it is another user's, or has another home", async () => {
    await unit("a", ["User=bob"])
    await unit("b", ["User=bob", "Environment=HOME=/home/bob"])
    await unit("c", ["User=ann", `Environment=HOME=${user.homeDir}`], "--base-dir /srv/agents")
    await unit("d", [])
    await unit("e", ["User=ann"], "--base-dir agents")
    expect(await toDo("system")).toEqual([])
    user = { name: "root", uid: 0, homeDir: user.homeDir }
    expect(await toDo("system")).toEqual([told("d", "sudo systemctl")])
  })

  it("is one word on one line of the shell, whatever its name is", async () => {
    await unit("a; x \u001b[2J\n", ["User=ann"])
    const name = "a; x .service"
    expect(await toDo("system")).toEqual([
      { ...told("a; x ", ""), next: `sudo systemctl disable --now '${name}'` },
    ])
  })

  it("is ended by systemctl --user where it is a user's", async () => {
    await unit("a", [])
    await unit("b", ["Environment=HOME=/home/bob"])
    expect(await toDo("user")).toEqual([told("a", "systemctl --user")])
  })
})

describe("what could not come along", () => {
  it("is told with a next step of its own: for a folder, for its settings, and for what is in the way", async () => {
    const long = `engineer_${"a".repeat(40)}`
    await makeOldAgent(home, long, {})
    await makeOldAgent(home, "engineer_ann", "{")
    await makeOldAgent(home, "engineer_bob", {})
    await rm(join(home, "engineer_bob/memory"), { recursive: true })
    await symlink(join(home, "elsewhere"), join(home, "engineer_bob/memory"))
    await makeOldAgent(home, "engineer_eve", {})
    await rm(join(home, "engineer_eve/control/runtime.json"))
    await mkdir(join(home, "engineer_eve/control/runtime.json"))
    await takeOverHome(home, { cliCommands: cliCommandsOf("codex"), workingDirectory: "/srv" })
    const next = Object.fromEntries(
      (await toDo("system")).map(({ what, next }) => [what.split(":")[0], next]),
    )
    expect(next).toEqual({
      [long]: "rename the folder, or leave it: the service does not touch it",
      "engineer_ann/control": expect.stringMatching(/settings .*engineer_ann\/control\/agent\.json$/),
      "engineer_bob/control": expect.stringMatching(/in the way .*the agent works without$/),
      "engineer_eve/control": expect.stringMatching(/settings .*engineer_eve\/control\/agent\.json$/),
    })
  })
})
