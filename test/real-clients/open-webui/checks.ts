import { randomUUID } from "node:crypto"
import { mkdir } from "node:fs/promises"
import { createServer } from "node:net"
import { join } from "node:path"
import { waitFor } from "../../support/wait-for.ts"
import type { RealClient } from "../real-client.ts"
import { equal } from "../support/expect.ts"

const startMs = 300_000
const answerMs = 90_000

export const client: RealClient = {
  programs: ["open-webui 0.12.4, without what computes embeddings"],
  limitMinutes: 30,
  run: async (bench) => {
    const requirements = join(import.meta.dirname, "requirements.txt")
    const environment = await bench.pythonEnvironment(requirements, { isWhole: true })
    if (environment === null) return
    const service = await bench.startService()
    const recorder = await bench.record(service.url)
    const data = join(bench.folder, "data")
    await mkdir(data)
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const server = bench.runOn({
      command: join(environment, "bin/open-webui"),
      args: ["serve", "--host", "127.0.0.1", "--port", String(port)],
      cwd: data,
      env: {
        HOME: data,
        DATA_DIR: data,
        WEBUI_SECRET_KEY: "secret",
        OFFLINE_MODE: "true",
        HF_HUB_OFFLINE: "1",
        ANONYMIZED_TELEMETRY: "false",
        ENABLE_OLLAMA_API: "false",
        ENABLE_PERSISTENT_CONFIG: "true",
        OPENAI_API_BASE_URL: `${recorder.url}/v1`,
        OPENAI_API_KEY: "none",
      },
    })
    await waitFor(async () => (await fetch(`${url}/health`)).ok, {
      what: `Open WebUI to answer: ${server.output().slice(-500)}`,
      timeoutMs: startMs,
      intervalMs: 500,
    })
    let token = ""
    const call = async (path: string, body?: unknown): Promise<Record<string, unknown>> => {
      const answer = await fetch(`${url}${path}`, {
        method: body === undefined ? "GET" : "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(answerMs),
      })
      const text = await answer.text()
      if (!answer.ok) throw new Error(`${path} ${answer.status}: ${text.slice(0, 300)}`)
      // Every route that is called here answers an object.
      return JSON.parse(text) as Record<string, unknown>
    }
    const person = { name: "A", email: "a@example.invalid", password: "correct-horse-1" }
    token = String((await call("/api/v1/auths/signup", person)).token)
    await call("/api/models")

    const kinds = {
      "no headers": {},
      "the documented headers": {
        headers: { "X-OpenWebUI-Chat-Id": "{{CHAT_ID}}", "X-OpenWebUI-Task": "{{TASK}}" },
      },
      Responses: { api_type: "responses" },
    }
    for (const [kind, settings] of Object.entries(kinds)) {
      await call("/openai/config/update", {
        ENABLE_OPENAI_API: true,
        OPENAI_API_BASE_URLS: [`${recorder.url}/v1`],
        OPENAI_API_KEYS: ["none"],
        OPENAI_API_CONFIGS: { "0": { enable: true, ...settings } },
      })
      await call("/api/models")
      const mark = kind.replaceAll(" ", "-")
      await bench.check(
        `${kind}: a chat with its title, tags and follow-ups runs its command once`,
        async () => {
          recorder.clear()
          const before = service.ends().length
          const text = `${service.command(mark)}[[say:It is done.]]`
          const [chatId, userId, answerId] = [randomUUID(), randomUUID(), randomUUID()]
          const user = { id: userId, parentId: null, childrenIds: [answerId], role: "user", content: text }
          const answer = { id: answerId, parentId: userId, childrenIds: [], role: "assistant", content: "" }
          const history = { currentId: answerId, messages: { [userId]: user, [answerId]: answer } }
          const chat = {
            id: chatId,
            title: "New Chat",
            models: ["manager"],
            history,
            messages: [user, answer],
          }
          const made = await call("/api/v1/chats/new", { chat })
          await call("/api/chat/completions", {
            stream: true,
            model: "manager",
            messages: [{ role: "user", content: text }],
            chat_id: made.id,
            id: answerId,
            parent_id: userId,
            user_message: user,
            session_id: randomUUID(),
            features: {},
            background_tasks: { title_generation: true, tags_generation: true, follow_up_generation: true },
          })
          const asked = () => recorder.bodies().map((body) => JSON.stringify(body))
          await waitFor(
            () =>
              ["title", "tags", "follow_ups"].every((key) =>
                asked().some(
                  (body) => body.includes(`\\\\\\"${key}\\\\\\"`) || body.includes(`\\"${key}\\"`),
                ),
              ),
            {
              what: `the side requests: ${asked().length} requests came`,
              timeoutMs: answerMs,
              intervalMs: 200,
            },
          )
          await waitFor(() => recorder.requests.every(({ status }) => status !== null), {
            what: "the answers",
            timeoutMs: answerMs,
          })
          equal({ ran: service.ran(mark), turns: service.ends().length - before }, { ran: 1, turns: 1 })
        },
      )
    }
  },
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })
}
