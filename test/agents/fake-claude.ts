/**
 * A claude that speaks its protocol and misbehaves as the last word of a message says. FAKE_CLAUDE_VERSION is its version;
 * it is logged in when `.credentials.json` is in CLAUDE_CONFIG_DIR. PIDS names a file for the pids of its children. With
 * FAKE_CLAUDE_LINGERS it writes its own pid there when its stdin is closed, and does not end by itself. With
 * FAKE_CLAUDE_ONLY_NOTICE it ends after its update notice.
 */
import { spawn } from "node:child_process"
import { appendFileSync, existsSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"

type Fields = Readonly<Record<string, unknown>>

const args = process.argv.slice(2)
const version = process.env.FAKE_CLAUDE_VERSION ?? "2.1.197"

if (args.includes("--version")) print(`${version} (Claude Code)`)
else if (args.includes("--help")) print("  --effort <level>  Effort level (low,\n      high)")
else if (args[0] === "auth") {
  const isLoggedIn = existsSync(join(process.env.CLAUDE_CONFIG_DIR ?? "/", ".credentials.json"))
  print(JSON.stringify({ loggedIn: isLoggedIn }))
  process.exitCode = isLoggedIn ? 0 : 1
} else if (process.env.FAKE_CLAUDE_MUTE === "1") setInterval(() => {}, 60_000)
else serve()

function serve(): void {
  let isWedged = false
  let count = 0
  process.on("SIGINT", () => {
    if (!isWedged) process.exit(1)
  })
  process.on("SIGTERM", () => {
    if (!isWedged) process.exit(1)
  })
  for (const line of ["╭───╮", "│ Update available! Run: claude update │", "╰───╯"]) print(line)
  // In place of its work.
  if (process.env.FAKE_CLAUDE_ONLY_NOTICE === "1") process.exit(1)
  send({ type: "brand_new_event", payload: { a: 1 } })
  const input = createInterface({ input: process.stdin })
  input.on("close", () => {
    if (process.env.FAKE_CLAUDE_LINGERS !== "1") return
    appendFileSync(process.env.PIDS ?? "/dev/null", `${process.pid}\n`)
    setInterval(() => {}, 60_000)
  })
  input.on("line", (line) => {
    const message = JSON.parse(line)
    if (message.type === "control_request") {
      if (isWedged) return
      send({
        type: "control_response",
        response: { subtype: "success", request_id: message.request_id },
      })
      if (message.request.subtype === "interrupt")
        send(result({ subtype: "error_during_execution", is_error: true }))
      return
    }
    count += 1
    const text = String(message.message.content.at(-1)?.text)
    send({ type: "system", subtype: "init" })
    switch (text.split(" ").at(-1)) {
      case "wedge": {
        isWedged = true
        const child = spawn("sleep", ["300"], { detached: true, stdio: "ignore" })
        appendFileSync(process.env.PIDS ?? "/dev/null", `${child.pid}\n`)
        say("holding on")
        break
      }
      case "die":
        process.stderr.write("boom: the disk is on fire\n")
        process.exit(3)
        break
      case "unreadable":
        send({ type: "result", subtype: "success", is_error: "perhaps" })
        break
      case "self":
        say("done")
        send(result({}))
        send(started("msg_self"))
        break
      case "bytes":
        process.stdout.write(
          Buffer.from('{"type":"assistant","message":{"id":"m","content":[{"type":"text","text":"a'),
        )
        process.stdout.write(Buffer.from([0xff, 0xfe]))
        process.stdout.write('b"}]}}\n')
        send(result({}))
        break
      case "logout":
        send(result({ is_error: true, result: "Not logged in · Please run /login" }))
        break
      default:
        print("a tool of mine writes to my stdout")
        send({ type: "stream_event", event: { type: "brand_new", index: 0 } })
        send({
          type: "stream_event",
          event: { type: "content_block_start", index: 0, content_block: { type: "new" } },
        })
        send({ type: "assistant", message: { id: "m", content: [{ type: "new_block", data: 1 }] } })
        send({ type: "assistant", message: "of another form" })
        say(`answer ${count}`)
        send(result({}))
    }
  })
}

function say(text: string): void {
  const message = { id: `msg_${text}`, content: [{ type: "text", text }] }
  send({ type: "assistant", uuid: crypto.randomUUID(), message })
}

function started(id: string): Fields {
  return { type: "stream_event", event: { type: "message_start", message: { id } } }
}

function result(fields: Fields): Fields {
  return { type: "result", subtype: "success", is_error: false, result: "", ...fields }
}

function send(event: Fields): void {
  print(JSON.stringify(event))
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
