import { mkdtemp } from "node:fs/promises"
import { join } from "node:path"
import { waitFor } from "../../support/wait-for.ts"
import type { Bench } from "../real-client.ts"
import { freePort } from "../support/free-port.ts"

/** What Open WebUI is told of one connection, as its admin's page sends it: headers, the API. */
export type ConnectionSettings = Readonly<Record<string, unknown>>

/** As in docs/clients/open-webui.md. */
export const documentedHeaders: ConnectionSettings = {
  headers: { "X-OpenWebUI-Chat-Id": "{{CHAT_ID}}", "X-OpenWebUI-Task": "{{TASK}}" },
}

export interface OpenWebUi {
  /** As its first person, who may do everything. Without a body it is a GET. Throws with the answer where it is an error. */
  call(path: string, body?: unknown): Promise<Record<string, unknown>>
  upload(name: string, type: string, bytes: string | Buffer<ArrayBuffer>): Promise<string>
  /** These connections, in place of those before. */
  connect(connections: Readonly<Record<string, ConnectionSettings>>): Promise<void>
}

/** It reads a great deal of Python before it listens, and makes its database. */
const startMs = 300_000
export const answerMs = 90_000

export async function startOpenWebUi(bench: Bench, environment: string): Promise<OpenWebUi> {
  const data = await mkdtemp(join(bench.folder, "open-webui-"))
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
      // There is nothing here that computes embeddings: a file is given whole.
      BYPASS_EMBEDDING_AND_RETRIEVAL: "true",
    },
  })
  const listens = async () => (await fetch(`${url}/health`)).ok
  await waitFor(listens, { what: "Open WebUI to answer", timeoutMs: startMs, intervalMs: 500 }).catch(
    (error) => {
      throw new Error(`${error} ${server.output().slice(-800)}`)
    },
  )
  let token = ""
  const send = async (path: string, init: RequestInit): Promise<Record<string, unknown>> => {
    const headers = { ...init.headers, authorization: `Bearer ${token}` }
    const answer = await fetch(`${url}${path}`, {
      ...init,
      headers,
      signal: AbortSignal.timeout(answerMs),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${path} ${answer.status}: ${text.slice(0, 300)}`)
    // Every route that is called here answers an object.
    return JSON.parse(text) as Record<string, unknown>
  }
  const call: OpenWebUi["call"] = (path, body) =>
    send(
      path,
      body === undefined
        ? {}
        : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) },
    )
  const person = { name: "A", email: "a@example.invalid", password: "correct-horse-1" }
  token = String((await call("/api/v1/auths/signup", person)).token)
  return {
    call,
    upload: async (name, type, bytes) => {
      const form = new FormData()
      form.set("file", new Blob([bytes], { type }), name)
      const isRead = !type.startsWith("image/")
      const path = `/api/v1/files/?process=${isRead}&process_in_background=false`
      return String((await send(path, { method: "POST", body: form })).id)
    },
    connect: async (connections) => {
      const settings = Object.values(connections)
      await call("/openai/config/update", {
        ENABLE_OPENAI_API: true,
        OPENAI_API_BASE_URLS: Object.keys(connections),
        OPENAI_API_KEYS: settings.map(() => "none"),
        OPENAI_API_CONFIGS: Object.fromEntries(
          settings.map((more, index) => [index, { enable: true, ...more }]),
        ),
      })
      await call("/api/models")
    },
  }
}
