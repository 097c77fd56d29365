import { expect, it } from "vitest"
import { resetTimeIn } from "./reset-time.ts"

const now = Date.parse("2026-11-30T12:00:00Z")
const inSeconds = (seconds: number) => now + seconds * 1_000

it.each([
  ["Please try again in 7s. Visit https://platform.openai.com", inSeconds(7)],
  ["Please retry in 7.2s.", inSeconds(7.2)],
  ["Please try again in 1m30.5s.", inSeconds(90.5)],
  ["Please try again in 250ms.", inSeconds(0.25)],
  ["Suggested retry after 7s.", inSeconds(7)],
  ["Your quota will reset after 3h20m10s.", inSeconds(12_010)],
  ["try again in 2 days 3 hours 5 minutes.", inSeconds(2 * 86_400 + 3 * 3_600 + 300)],
  ["429: retry-after: 20", inSeconds(20)],
  ["Claude AI usage limit reached|1796040000", 1_796_040_000_000],
  ["You've hit your session limit · resets Jan 1, 2100, 12am (UTC)", Date.parse("2100-01-01T00:00:00Z")],
  ["You've hit your session limit · resets 3pm (Europe/Berlin)", Date.parse("2026-11-30T14:00:00Z")],
  ["5-hour limit reached ∙ resets 11am (UTC)", Date.parse("2026-12-01T11:00:00Z")],
  ["You've hit your weekly limit · resets Jan 2, 9:30am (UTC)", Date.parse("2027-01-02T09:30:00Z")],
  ["or try again at Jan 1st, 2100 12:00 AM.", new Date(2100, 0, 1).getTime()],
  ["Rate limit reached for requests", null],
  ["try again later", null],
  ["We reset 3 passwords", null],
])("reads when a limit begins anew out of %j", (text, at) => {
  expect(resetTimeIn(text, now)).toBe(at)
})

it("takes a time of day for the next one that comes", () => {
  const evening = new Date(2026, 10, 30, 20, 0).getTime()
  expect(resetTimeIn("or try again at 8:45 PM.", evening)).toBe(new Date(2026, 10, 30, 20, 45).getTime())
  expect(resetTimeIn("or try again at 7:45 PM.", evening)).toBe(new Date(2026, 11, 1, 19, 45).getTime())
})
