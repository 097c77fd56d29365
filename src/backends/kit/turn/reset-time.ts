const unitMs: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 }

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

/** `retry in 7.2s`, `reset after 3h20m10s`, `try again in 2 days 3 hours`, `Retry-After: 7`. */
const duration =
  /\b(?:(?:again|retry|resets?)(?: in| after)|retry-after:?)\s+((?:\d+(?:\.\d+)?\s*(?:d|h|m|s)[a-z]*[\s,]*)+|\d+\b)/i

/** `limit reached|1764500000`: seconds of the epoch, in claude's older words. */
const stamp = /\|(\d{10})\b/

/**
 * `try again at 3:45 PM`, `try again at Jan 1st, 2100 12:00 AM`, `resets 3pm (Europe/Berlin)`,
 * `resets Jan 1, 2100, 12am (UTC)`.
 */
const clockTime =
  /\b(?:again at|resets?(?: at)?)\s+(?:([A-Z][a-z]{2})[a-z]* (\d{1,2})(?:st|nd|rd|th)?,?(?: (\d{4}),?)? (?:at )?)?(\d{1,2})(?::(\d{2}))?\s*([ap])m\b(?:\s*\(([\w/+-]+)\))?/i

/**
 * When a limit begins anew, as vendors and agent CLIs say it in words, in milliseconds of the
 * epoch; null: not in these words. A time of day without a zone is this machine's: the CLI runs
 * here.
 */
export function resetTimeIn(text: string, now: number): number | null {
  const seconds = stamp.exec(text)?.[1]
  if (seconds !== undefined) return Number(seconds) * 1_000
  const told = duration.exec(text)?.[1]
  if (told !== undefined) return now + durationMs(told)
  return atClockTime(text, now)
}

function durationMs(told: string): number {
  const parts = [...told.matchAll(/(\d+(?:\.\d+)?)\s*(ms|[dhms])/gi)]
  if (parts.length === 0) return Number(told) * 1_000
  return parts.reduce(
    (sum, [, count, unit = "s"]) => sum + Number(count) * (unitMs[unit.toLowerCase()] ?? 0),
    0,
  )
}

function atClockTime(text: string, now: number): number | null {
  const match = clockTime.exec(text)
  if (match === null) return null
  const [, monthName, day, year, hour, minute = "0", half = "a", zone] = match
  const today = wallTimeOf(now, zone)
  const month = monthName === undefined ? today.month : months.indexOf(monthName.toLowerCase())
  if (month < 0) return null
  const wall = {
    year: year === undefined ? today.year : Number(year),
    month,
    day: day === undefined ? today.day : Number(day),
    hour: (Number(hour) % 12) + (half.toLowerCase() === "p" ? 12 : 0),
    minute: Number(minute),
  }
  const at = timeOf(wall, zone)
  if (at > now || year !== undefined) return at
  // The next day, or the next year, that has this time.
  return timeOf(day === undefined ? { ...wall, day: wall.day + 1 } : { ...wall, year: wall.year + 1 }, zone)
}

interface WallTime {
  readonly year: number
  /** From 0. */
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
}

function timeOf({ year, month, day, hour, minute }: WallTime, zone: string | undefined): number {
  if (!isZone(zone)) return new Date(year, month, day, hour, minute).getTime()
  const asUtc = Date.UTC(year, month, day, hour, minute)
  const shown = wallTimeOf(asUtc, zone)
  return 2 * asUtc - Date.UTC(shown.year, shown.month, shown.day, shown.hour, shown.minute)
}

function wallTimeOf(at: number, zone: string | undefined): WallTime {
  const parts = new Intl.DateTimeFormat("en-US", {
    ...(isZone(zone) && { timeZone: zone }),
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  }).formatToParts(at)
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value)
  return { year: of("year"), month: of("month") - 1, day: of("day"), hour: of("hour"), minute: of("minute") }
}

function isZone(zone: string | undefined): zone is string {
  if (zone === undefined) return false
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: zone })
    return true
  } catch {
    // Some other word in brackets.
    return false
  }
}
