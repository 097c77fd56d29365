import { afterEach, beforeEach, expect, it } from "vitest"
import { type DaemonProcess, startDaemonProcess } from "../support/daemon-process.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"

const killsPerWay = 3

let user: TempDir
let daemon: DaemonProcess

async function startDemo(): Promise<void> {
  daemon = await startDaemonProcess({
    userHome: user.path,
    env: { PATH: "/usr/bin:/bin", HOME: user.path },
    args: ["--demo-fallback"],
  })
}

beforeEach(async () => {
  user = await createTempDir("told")
  await startDemo()
})

afterEach(async () => {
  await daemon.stop("SIGKILL")
  await user.remove()
})

function post(path: string, body: object): Promise<Response> {
  return fetch(`${daemon.url}/v1${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "manager", ...body }),
  })
}

async function get(path: string): Promise<Answer> {
  return (await (await fetch(`${daemon.url}/v1${path}`)).json()) as Answer
}

interface Answer {
  readonly id: string
  readonly status?: string
  readonly output?: unknown
  readonly usage?: unknown
  readonly choices?: unknown
}

/** Reads a stream up to the event that ends it, with the kill right behind; all that it told. */
async function readUpTo(answer: Response, end: string): Promise<string> {
  const decoder = new TextDecoder()
  let text = ""
  if (answer.body === null) throw new Error("there is no stream")
  for await (const chunk of answer.body) {
    text += decoder.decode(chunk, { stream: true })
    if (text.includes(end)) break
  }
  daemon.child.kill("SIGKILL")
  return text
}

const input = "say hello"
const messages = [{ role: "user", content: input }]

/** Asks, and ends the service in the moment in which it has told the answer. What was told of it. */
const ways: Readonly<Record<string, () => Promise<Answer>>> = {
  "the body of a response": async () => {
    const answer = (await (await post("/responses", { input })).json()) as Answer
    daemon.child.kill("SIGKILL")
    return answer
  },
  "the body of a chat completion": async () => {
    const answer = (await (await post("/chat/completions", { messages, store: true })).json()) as Answer
    daemon.child.kill("SIGKILL")
    return answer
  },
  "the stream of a response": async () => {
    const text = await readUpTo(await post("/responses", { input, stream: true }), "[DONE]")
    const last = /^data: (\{"type":"response\.completed".*\})$/m.exec(text)?.[1] ?? ""
    return (JSON.parse(last) as { response: Answer }).response
  },
  "the stream of a chat completion": async () => {
    const text = await readUpTo(
      await post("/chat/completions", { messages, store: true, stream: true }),
      "[DONE]",
    )
    expect(text).toContain('"finish_reason":"stop"')
    return { id: /"id":"(chatcmpl-\w+)"/.exec(text)?.[1] ?? "" }
  },
  "a background response that is polled": async () => {
    const { id } = (await (await post("/responses", { input, background: true })).json()) as Answer
    for (;;) {
      const answer = await get(`/responses/${id}`)
      if (answer.status === "queued" || answer.status === "in_progress") continue
      daemon.child.kill("SIGKILL")
      return answer
    }
  },
}

it.each(Object.keys(ways))(
  "%s has told it is there after the service was killed in that moment",
  async (way) => {
    for (let kill = 0; kill < killsPerWay; kill += 1) {
      const told = await ways[way]?.()
      await daemon.stop("SIGKILL")
      await startDemo()
      const path = told?.id.startsWith("chatcmpl-") ? "/chat/completions" : "/responses"
      expect(await get(`${path}/${told?.id}`)).toMatchObject({ ...told })
    }
  },
  180_000,
)
