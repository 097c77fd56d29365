import { chmodSync, writeFileSync } from "node:fs"
import { connect, type Socket } from "node:net"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type DaemonProcess, startDaemonProcess } from "../support/daemon-process.ts"
import { processEntry } from "../support/processes.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { waitFor } from "../support/wait-for.ts"

const megabyte = 1024 * 1024
const answerBytes = 4 * megabyte
const answers = 12
const readers = 200

let user: TempDir
let daemon: DaemonProcess
const sockets: Socket[] = []

/** A CLI that says the last line of its prompt and then four megabytes of the same letter. */
function writeTalkativeCli(): string {
  const file = join(user.path, "talkative")
  writeFileSync(
    file,
    `#!/bin/sh
[ "$2" = "--help" ] && { echo 'usage: exec [PROMPT]'; exit 0; }
[ "$1" = "exec" ] || exit 2
for last in "$@"; do :; done
printf '%s\\n' "$last" | tail -n 1
head -c ${answerBytes} /dev/zero | tr '\\0' x
`,
  )
  chmodSync(file, 0o755)
  return file
}

beforeAll(async () => {
  user = await createTempDir("user")
  const env = { PATH: process.env.PATH ?? "", HOME: user.path }
  daemon = await startDaemonProcess({ userHome: user.path, env, args: ["--cli", writeTalkativeCli()] })
})
afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  await daemon.stop()
  await user.remove()
})

async function create(path: string, body: object): Promise<string> {
  const answer = await fetch(`${daemon.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "manager", ...body }),
  })
  expect(answer.status).toBe(200)
  return ((await answer.json()) as { id: string }).id
}

/** Asks, and reads nothing but the beginning of the answer. */
async function stall(path: string): Promise<Socket> {
  const { hostname, port } = new URL(daemon.url)
  const socket = connect({ host: hostname, port: Number(port) })
  sockets.push(socket)
  socket.on("error", () => {})
  socket.write(`GET ${path} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n\r\n`)
  const head = await new Promise<string>((resolve) => {
    socket.once("data", (data) => {
      socket.pause()
      resolve(data.toString("latin1"))
    })
  })
  expect(head).toMatch(/^HTTP\/1\.1 200 /)
  return socket
}

/** Reads the rest of what a stalled reader is told. */
async function readAll(socket: Socket): Promise<void> {
  socket.resume()
  await waitFor(() => socket.bytesRead > answerBytes || socket.closed, {
    what: "the rest of the answer",
    timeoutMs: 30_000,
  })
  expect(socket.bytesRead).toBeGreaterThan(answerBytes)
}

describe("readers of stored answers that stall", () => {
  it(`cost a bounded amount, ${readers} of ${answers} answers of 4 MB, whole and replayed, of both endpoints; who reads gets all`, async () => {
    const paths: string[] = []
    for (let number = 0; number < answers; number += 1) {
      const response = await create("/v1/responses", { input: `response ${number}` })
      const messages = [{ role: "user", content: `completion ${number}` }]
      const completion = await create("/v1/chat/completions", { messages, store: true })
      paths.push(
        `/v1/responses/${response}`,
        `/v1/responses/${response}?stream=true`,
        `/v1/chat/completions/${completion}`,
      )
    }
    const before = processEntry(daemon.pid)?.residentBytes ?? 0
    for (let reader = 0; reader < readers; reader += 1) await stall(paths[reader % paths.length] ?? "")
    const last = await stall(paths[0] ?? "")
    const growth = (processEntry(daemon.pid)?.residentBytes ?? 0) - before
    console.log("growth with stalled readers", Math.round(growth / megabyte), "MB")
    expect(growth / megabyte).toBeLessThan(400)
    await waitFor(() => daemon.output().includes("limits.unread_bytes"), { what: "a line in the log" })
    await readAll(last)
    expect((await fetch(`${daemon.url}/health`)).status).toBe(200)
  }, 120_000)
})
