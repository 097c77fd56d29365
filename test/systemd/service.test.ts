import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { makePayload, type Payload, runInSandbox } from "./sandbox.ts"

let payload: Payload

beforeAll(async () => {
  payload = await makePayload()
}, 120_000)
afterAll(() => payload?.remove())

/** Each program checks one thing after the other and names them; see `programs/`. */
async function checkSteps(programs: readonly string[], skip: (reason: string) => never): Promise<void> {
  const ran = await runInSandbox(payload, programs)
  if (ran.skipReason !== null) {
    console.warn(`Not tried: ${ran.skipReason}`)
    skip(ran.skipReason)
  }
  expect(ran.output).not.toMatch(/^not ok/m)
  expect(ran.code, ran.output).toBe(0)
  expect(ran.output).toMatch(/^ok /m)
}

/** A machine boots and runs programs for about half a minute; much longer on one that is busy. */
const timeoutMs = 660_000

describe("under a real systemd", () => {
  it.for<[title: string, programs: string[]]>([
    [
      "a service of the machine holds: set up, changed, killed, hung, rebooted, removed",
      ["system-service", "after-reboot"],
    ],
    ["a service of a user holds, with linger also over a reboot", ["user-service", "user-after-reboot"]],
    [
      "commands that are killed half-way, or cannot do their work, leave nothing half-written",
      ["interrupted"],
    ],
    ["commands without rights, without systemd or without their port say what to do", ["refused"]],
    ["an agent that would end its own service in a turn is told, and answers", ["from-within"]],
    ["a damaged key file opens nothing, whatever systemd reads of it", ["damaged-secrets"]],
    ["a Node and a CLI that move are named by doctor and put right by restart", ["moved"]],
    ["a service of release 0.2.0 goes on with its settings and agents", ["from-older-release"]],
    ["docs/service.md can be followed to the letter", ["docs"]],
    ["an upgrade keeps everything, and an older program refuses a newer ledger", ["upgrade"]],
  ])("%s", { timeout: timeoutMs }, async ([, programs], { skip }) => {
    await checkSteps(programs, skip)
  })
})
