#!/usr/bin/env bash
# Four cron libraries in a zone whose summer time moves the clock by half an hour (Australia/Lord_Howe: 11:00 in summer,
# 10:30 in winter). On 2027-04-04 the clock goes from 02:00 back to 01:30, on 2026-10-04 from 02:00 on to 02:30.
#
# Guessed: what they do in Berlin, where the shift is an hour: one firing a day for a daily entry, and times that grow.
# Seen, croner 11.0.1, cron-parser 5.10.6, cron 4.4.0, cronosjs 1.7.1 (UTC):
#   "0 * * * *" asked at 13:30 before the clock goes back
#      cron-parser raises "Invalid expression, loop limit exceeded" for the entry that it reads well on any other day
#   "*/20 * * * *" asked at 15:00Z, the moment of the change
#      cron names 14:40Z, which is before the time that it was asked for; the other three name 15:10Z. An iterator of
#      cron-parser that comes from 14:40Z goes on at 15:30Z: what it names depends on where it was begun
#   "15 2 * * *" on the day whose 02:15 does not exist
#      cron fires twice (15:15Z and 15:45Z), croner once at 15:30Z, cronosjs once at 15:45Z, cron-parser not at all
# In Berlin none of the four does any of this. A zone other than by whole hours belongs into every test of a schedule.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --ignore-scripts --silent croner@11.0.1 cron-parser@5.10.6 cron@4.4.0 cronosjs@1.7.1
cat >run.mjs <<'JS'
import { deepEqual } from "node:assert/strict"
import { CronTime } from "cron"
import cronParser from "cron-parser"
import { Cron } from "croner"
import { CronosExpression } from "cronosjs"

const libraries = {
  croner: (expression, timezone, from) => new Cron(expression, { timezone, paused: true }).nextRun(from),
  "cron-parser": (expression, tz, currentDate) =>
    cronParser.CronExpressionParser.parse(expression, { tz, currentDate }).next().toDate(),
  cron: (expression, zone, from) => new CronTime(expression, zone).getNextDateFrom(from, zone).toJSDate(),
  cronosjs: (expression, timezone, from) => CronosExpression.parse(expression, { timezone }).nextDate(from),
}

/** All firings from one moment to another, at most five, or what was raised. */
function firings(library, expression, zone, from, until) {
  const times = []
  let at = new Date(from)
  try {
    while (times.length < 5) {
      at = libraries[library](expression, zone, at)
      if (at > new Date(until)) break
      times.push(at.toISOString().slice(5, 16))
    }
  } catch (error) {
    return error.message
  }
  return times
}

function table(expression, zone, from, until) {
  const row = Object.fromEntries(
    Object.keys(libraries).map((library) => [library, firings(library, expression, zone, from, until)]),
  )
  console.log(zone, JSON.stringify(expression), from, "to", until, row)
  return row
}

const lord = "Australia/Lord_Howe"
const hourly = table("0 * * * *", lord, "2027-04-03T13:30:00Z", "2027-04-03T16:00:00Z")
deepEqual(hourly["cron-parser"], "Invalid expression, loop limit exceeded")
deepEqual(hourly.croner, ["04-03T14:00", "04-03T15:30"])

const change = "2027-04-03T15:00:00Z"
const next = Object.fromEntries(
  Object.entries(libraries).map(([name, ask]) => [name, ask("*/20 * * * *", lord, new Date(change)).toISOString()]),
)
console.log(lord, '"*/20 * * * *" asked at', change, next)
deepEqual(next, {
  croner: "2027-04-03T15:10:00.000Z",
  "cron-parser": "2027-04-03T15:10:00.000Z",
  cron: "2027-04-03T14:40:00.000Z",
  cronosjs: "2027-04-03T15:10:00.000Z",
})

const iterator = cronParser.CronExpressionParser.parse("*/20 * * * *", { tz: lord, currentDate: new Date("2027-04-03T14:20:00Z") })
const iterated = Array.from({ length: 3 }, () => iterator.next().toDate().toISOString().slice(11, 16))
console.log("cron-parser's iterator from 14:20Z on:", iterated)
deepEqual(iterated, ["14:40", "15:30", "15:50"])

deepEqual(table("15 2 * * *", lord, "2026-10-03T13:00:00Z", "2026-10-04T00:00:00Z"), {
  croner: ["10-03T15:30"],
  "cron-parser": [],
  cron: ["10-03T15:15", "10-03T15:45"],
  cronosjs: ["10-03T15:45"],
})

// The same three questions where the clock moves by an hour.
const berlin = "Europe/Berlin"
for (const times of Object.values(table("15 2 * * *", berlin, "2027-03-27T23:00:00Z", "2027-03-28T12:00:00Z"))) {
  deepEqual(times.length, 1)
}
for (const library of ["croner", "cron-parser", "cron"]) {
  deepEqual(firings(library, "0 * * * *", berlin, "2026-10-24T23:30:00Z", "2026-10-25T02:00:00Z"), [
    "10-25T00:00",
    "10-25T01:00",
    "10-25T02:00",
  ])
}
console.log("as described")
JS
node run.mjs
