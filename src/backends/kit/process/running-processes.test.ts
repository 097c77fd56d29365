import { type ChildProcess, spawn } from "node:child_process"
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { isRunning } from "../../../../test/support/processes.ts"
import { createTempDir, type TempDir } from "../../../../test/support/temp-dir.ts"
import { waitFor } from "../../../../test/support/wait-for.ts"
import { endLeftBehind, RunningProcesses, turnMarkerName } from "./running-processes.ts"

const marker = "0123456789abcdef-test"
let workspace: TempDir
const children: ChildProcess[] = []

beforeEach(async () => {
  workspace = await createTempDir("running")
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL")
  await workspace.remove()
})

const file = () => join(workspace.path, "control", "exec-running.json")

function startSleeper(env: Record<string, string> = {}): number {
  const child = spawn("sleep", ["300"], { detached: true, stdio: "ignore", env: { ...process.env, ...env } })
  children.push(child)
  return child.pid ?? 0
}

it("ends what an earlier service noted and did not live to end", async () => {
  const pid = startSleeper()
  new RunningProcesses(workspace.path, () => {}).add(pid, marker)
  await endLeftBehind(workspace.path, () => {})
  await waitFor(() => !isRunning(pid), { what: "the process to end" })
  expect(existsSync(file())).toBe(false)
})

it("leaves a process alone that got the pid of one that is gone", async () => {
  const pid = startSleeper()
  new RunningProcesses(workspace.path, () => {}).add(pid, marker)
  const entries = JSON.parse(readFileSync(file(), "utf8"))
  writeFileSync(file(), JSON.stringify([{ ...entries[0], started_at: "1" }]))
  await endLeftBehind(workspace.path, () => {})
  expect(isRunning(pid)).toBe(true)
})

it("leaves a process alone whose pid and start are those of one before the machine was started anew", async () => {
  const pid = startSleeper()
  new RunningProcesses(workspace.path, () => {}).add(pid, marker)
  const [entry] = JSON.parse(readFileSync(file(), "utf8"))
  writeFileSync(file(), JSON.stringify([{ ...entry, boot_id: "5e0f7a3c-another-boot" }]))
  await endLeftBehind(workspace.path, () => {})
  expect(isRunning(pid)).toBe(true)
  expect(existsSync(file())).toBe(false)
})

it("ends what is noted without a boot, as by earlier releases", async () => {
  const pid = startSleeper()
  new RunningProcesses(workspace.path, () => {}).add(pid, marker)
  const [entry] = JSON.parse(readFileSync(file(), "utf8"))
  writeFileSync(file(), JSON.stringify([{ ...entry, boot_id: undefined }]))
  await endLeftBehind(workspace.path, () => {})
  await waitFor(() => !isRunning(pid), { what: "the process to end" })
})

it("ends by its environment what a process left behind that is gone itself", async () => {
  const pid = startSleeper({ [turnMarkerName]: marker })
  mkdirSync(join(workspace.path, "control"))
  writeFileSync(file(), JSON.stringify([{ pid: 4_194_303, started_at: "1", marker }]))
  await endLeftBehind(workspace.path, () => {})
  await waitFor(() => !isRunning(pid), { what: "the process to end" })
})

it("notes nothing any more once all processes are gone, and survives a damaged file", async () => {
  const running = new RunningProcesses(workspace.path, () => {})
  running.add(startSleeper(), marker)
  const second = startSleeper()
  running.add(second, marker)
  expect(JSON.parse(readFileSync(file(), "utf8"))).toHaveLength(2)
  for (const { pid } of children) running.remove(pid ?? 0)
  expect(existsSync(file())).toBe(false)
  writeFileSync(file(), '[{"pid": -1}]')
  await endLeftBehind(workspace.path, () => {})
  expect(isRunning(second)).toBe(true)
})

it("writes nothing to what a link in the agent's folder leads to", async () => {
  const theirs = join(workspace.path, "theirs")
  writeFileSync(theirs, "theirs")
  mkdirSync(join(workspace.path, "control"))
  symlinkSync(theirs, `${file()}.tmp`)
  symlinkSync(theirs, file())
  const running = new RunningProcesses(workspace.path, () => {})
  running.add(startSleeper(), marker)
  expect(lstatSync(file()).isFile()).toBe(true)
  expect(readFileSync(theirs, "utf8")).toBe("theirs")
})

it("logs that a folder is a link, and costs no turn", async () => {
  const logged: unknown[] = []
  mkdirSync(join(workspace.path, "elsewhere"))
  symlinkSync("elsewhere", join(workspace.path, "control"))
  const running = new RunningProcesses(workspace.path, (_level, _message, fields) => logged.push(fields))
  running.add(startSleeper(), marker)
  await endLeftBehind(workspace.path, () => {})
  expect(readdirSync(join(workspace.path, "elsewhere"))).toEqual([])
  expect(logged).toEqual([{ reason: expect.stringContaining("control is a symbolic link") }])
})
