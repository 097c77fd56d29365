import { expect, it } from "vitest"
import { openCodeTrouble } from "./errors.ts"

const fields = "providerID=scripted modelID=m session.id=ses_1 small=false agent=build mode=primary"

function line(message: string, rest: string): string {
  return `timestamp=2026-11-24T23:48:14.302Z level=ERROR run=27b144fc message=${message} ${rest}`
}

it("knows the line by which opencode tells that a request failed, and its reason", () => {
  const error = 'error.error="AI_APICallError: Rate limit reached for \\"m\\""'
  expect(openCodeTrouble(line('"stream error"', `${fields} ${error}`))).toEqual({
    sessionId: "ses_1",
    message: 'opencode cannot get at its model (Rate limit reached for "m") and tries again',
    reason: 'Rate limit reached for "m"',
  })
})

it("takes no other line for trouble: of titles, of the end of a turn, of what is no log", () => {
  const error = 'error.error="AI_APICallError: busy"'
  for (const other of [
    line('"stream error"', `${fields.replace("small=false", "small=true")} ${error}`),
    line("process", `session.id=ses_1 messageID=msg_1 error="busy" stack="AI_APICallError: busy"`),
    line('"stream error"', error),
    'message: "stream error"',
    "",
  ]) {
    expect(openCodeTrouble(other)).toBeNull()
  }
})
