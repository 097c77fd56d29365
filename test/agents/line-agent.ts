#!/usr/bin/env node
/**
 * A program that answers one prompt and ends: `line-agent.ts text|json [PROMPT]`, without PROMPT it reads stdin. The answer is
 * plain text, or JSON objects, one a line.
 */
import { spawnSync } from "node:child_process"
import { text } from "node:stream/consumers"
import { setTimeout as delay } from "node:timers/promises"

const [form, argument] = process.argv.slice(2)
const prompt = argument ?? (await text(process.stdin))
const message = prompt.split("The next message, to be answered now:\n\n").at(-1) ?? ""
const words = message.replace(/^<instructions>[\s\S]*<\/instructions>\n\n/, "")

function say(piece: string): void {
  process.stdout.write(form === "json" ? `${JSON.stringify({ type: "delta", text: piece })}\n` : piece)
}

function send(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

const [verb, rest = ""] = words.split(/ (.*)/s)
if (form === "json") send({ type: "reasoning", text: "Let me see." })
switch (verb) {
  case "say":
    say(rest)
    break
  case "count":
    for (let number = 1; number <= Number(rest); number++) {
      if (number > 1) await delay(20)
      say(number === Number(rest) ? `${number}` : `${number} `)
    }
    break
  case "recall":
    say(prompt)
    break
  case "run":
    spawnSync("sh", ["-c", rest], { stdio: "ignore" })
    break
  case "fail":
    process.stderr.write("the reason is here\n")
    process.exit(3)
    break
  case "error":
    send({ type: "error", message: "the model says no", status: Number(rest) })
    break
  case "whole":
    process.stdout.write("Warning: a new version is out\n")
    send({ type: "message", text: "first" })
    send({ type: "of_the_future", text: "x" })
    send({ type: "usage", input_tokens: 5, output_tokens: 2 })
    break
}
