#!/usr/bin/env node
/**
 * An agent that speaks exec with JSON lines, keeps its sessions in the folder `sessions`, and misbehaves when the last line
 * of the prompt says so. RECORD names a file for what each process got, one JSON a line.
 */
import { spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { parseArgs } from "node:util"

const help = `json-agent exec [resume ID|--last] [PROMPT]   without PROMPT, or with -, it is read from stdin
  -c, --config KEY=VALUE  -m, --model MODEL  -i, --image FILE  --output-schema FILE  --ephemeral  --json
`

interface Session {
  readonly id: string
  readonly said: string[]
  tokens: number
}

function send(event: unknown): void {
  process.stdout.write(`${JSON.stringify(event)}\n`)
}

function message(id: string, text: string): void {
  send({ type: "item.completed", item: { id, type: "agent_message", text } })
}

/** As codex makes them: the time first. */
function newId(): string {
  const time = Date.now().toString(16).padStart(12, "0")
  const rest = randomBytes(10).toString("hex")
  return `${time.slice(0, 8)}-${time.slice(8)}-7${rest.slice(0, 3)}-8${rest.slice(3, 6)}-${rest.slice(6, 18)}`
}

function loadSession(name: string | null, isLast: boolean): Session {
  mkdirSync("sessions", { recursive: true })
  const id = isLast && existsSync("sessions/last") ? readFileSync("sessions/last", "utf8") : name
  if (id === null) return { id: newId(), said: [], tokens: 0 }
  if (!existsSync(`sessions/${id}.json`)) {
    process.stderr.write(`Error: no rollout found for thread id ${id}\n`)
    process.exit(1)
  }
  return JSON.parse(readFileSync(`sessions/${id}.json`, "utf8"))
}

function main(): void {
  const argv = process.argv.slice(2)
  if (argv[0] === "--version" || argv.includes("--help")) {
    process.stdout.write(argv[0] === "--version" ? "json-agent 1.2.3\n" : help)
    return
  }
  if (argv[0] !== "exec") process.exit(2)
  const { values, positionals } = parseArgs({
    args: argv.slice(1),
    allowPositionals: true,
    options: {
      last: { type: "boolean" },
      config: { type: "string", short: "c", multiple: true },
      model: { type: "string", short: "m" },
      image: { type: "string", short: "i", multiple: true },
      "output-schema": { type: "string" },
      ephemeral: { type: "boolean" },
      json: { type: "boolean" },
      "skip-git-repo-check": { type: "boolean" },
      "dangerously-bypass-approvals-and-sandbox": { type: "boolean" },
    },
  })
  const isResume = positionals[0] === "resume"
  const named = isResume && values.last !== true ? (positionals[1] ?? null) : null
  const given = positionals.at(-1) ?? "-"
  const stdin = given === "-" ? readFileSync(0, "utf8") : null
  const prompt = stdin ?? given
  if (process.env.RECORD !== undefined) {
    const files = [...(values.image ?? []), values["output-schema"] ?? []].flat()
    const contents = files.map((file) => readFileSync(file).toString("base64"))
    appendFileSync(process.env.RECORD, `${JSON.stringify({ argv, stdin, contents })}\n`)
  }
  const session = loadSession(named, isResume && values.last === true)
  send({ type: "thread.started", thread_id: session.id })
  if (values.ephemeral !== true) {
    session.said.push(prompt)
    session.tokens += 10
    writeFileSync(`sessions/${session.id}.json`, JSON.stringify(session))
    writeFileSync("sessions/last", session.id)
  }
  send({ type: "turn.started" })
  act(prompt.split("\n").at(-1) ?? "", session)
}

function act(line: string, session: Session): void {
  const [verb, ...rest] = line.split(" ")
  const complete = () => {
    const usage = { input_tokens: session.tokens, cached_input_tokens: 0, output_tokens: session.tokens / 2 }
    send({ type: "turn.completed", usage })
  }
  switch (verb) {
    case "say":
      message("item_0", rest.join(" "))
      complete()
      break
    case "recall":
      message("item_0", JSON.stringify(session.said))
      complete()
      break
    case "work":
      message("item_0", "I look.")
      send({
        type: "item.started",
        item: { id: "item_1", type: "command_execution", command: "ls", status: "in_progress" },
      })
      send({ type: "error", message: "Reconnecting... 1/5 (stream closed)" })
      message("item_2", "It is empty.")
      complete()
      break
    case "fail":
      send({ type: "error", message: rest.join(" ") })
      send({ type: "turn.failed", error: { message: rest.join(" ") } })
      process.exitCode = 1
      break
    case "garbage":
      process.stdout.write(
        'warning: not JSON\n[1,2]\n"text"\n{"type":"from.the.future"}\n{"type":"item.completed"}\n',
      )
      process.stdout.write('{"type":"item.completed","item":{"id":"x","type":"agent_message"}}\n')
      message("item_0", "still understood")
      complete()
      break
    case "babble":
      process.stdout.write(`${"no JSON at all\n".repeat(400_000)}`)
      setInterval(() => {}, 1_000)
      break
    case "quit":
      message("item_0", "half")
      process.exitCode = Number(rest[0] ?? 0)
      process.stderr.write("I have had enough\n")
      break
    case "hang":
      setInterval(() => {}, 1_000)
      break
    case "linger": {
      message("item_0", "bye")
      complete()
      const child = spawn("sleep", ["300"], { stdio: "ignore" })
      if (process.env.PIDS !== undefined) appendFileSync(process.env.PIDS, `${process.pid}\n${child.pid}\n`)
      setInterval(() => {}, 1_000)
      break
    }
    default:
      message("item_0", `You said: ${line}`)
      complete()
  }
}

main()
