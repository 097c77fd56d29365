import { randomBytes } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { copyFile, mkdir } from "node:fs/promises"
import { request } from "node:http"
import { delimiter, dirname, join } from "node:path"
import { waitFor } from "../../support/wait-for.ts"
import type { Bench } from "../real-client.ts"
import { install } from "../support/cache.ts"
import { freePort } from "../support/free-port.ts"
import type { Workflow } from "./workflows.ts"

const startMs = 300_000

/** Of a chat's webhook: the status, and what the last node gave. */
export interface N8nAnswer {
  readonly status: number
  readonly body: string
}

/** n8n itself, on a port of 127.0.0.1, with its database in a folder of the bench; driven as its own page drives it. */
export interface N8n {
  /** By its own REST API, as the person who owns it. */
  call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>
  /** Keeps credentials of the service at this address, as in docs/clients/n8n.md. Returns their id. */
  credentials(name: string, baseUrl: string, header?: Header): Promise<string>
  /** Keeps and publishes a workflow. */
  publish(workflow: Workflow): Promise<void>
  /** Says something in the chat of a published workflow, or shows it a picture as well. */
  say(chat: string, session: string, text: string, more?: SayOptions): Promise<N8nAnswer>
  /** The newest of what it wrote. */
  output(): string
}

export interface Header {
  readonly name: string
  readonly value: string
}

export interface SayOptions {
  readonly picture?: Buffer
  readonly limitMs?: number
}

/** Null, with a skip, where n8n does not run on this Node. */
export async function startN8n(bench: Bench): Promise<N8n | null> {
  if (Number(process.versions.node.split(".")[0]) < 24) {
    bench.skip("n8n", "needs Node 24")
    return null
  }
  const packages = await installN8n(bench)
  const data = join(bench.folder, `n8n-${randomBytes(4).toString("hex")}`)
  await mkdir(data)
  const [port, brokerPort] = [await freePort(), await freePort()]
  const url = `http://127.0.0.1:${port}`
  const running = bench.runOn({
    command: process.execPath,
    args: [join(packages, "node_modules/n8n/bin/n8n"), "start"],
    cwd: data,
    env: {
      HOME: data,
      N8N_USER_FOLDER: data,
      N8N_LISTEN_ADDRESS: "127.0.0.1",
      N8N_PORT: String(port),
      N8N_RUNNERS_BROKER_PORT: String(brokerPort),
      N8N_SECURE_COOKIE: "false",
      ...nothingElsewhere,
    },
  })
  await waitFor(
    async () => {
      if (running.child.exitCode !== null) throw new Error(`n8n ended: ${running.output().slice(-1000)}`)
      const answer = await fetch(`${url}/healthz/readiness`).catch(() => null)
      return answer?.ok === true
    },
    { what: "n8n to answer", timeoutMs: startMs, intervalMs: 500 },
  )
  return drive(url, running.output)
}

/** It tells and asks others nothing. */
const nothingElsewhere = {
  N8N_DIAGNOSTICS_ENABLED: "false",
  N8N_VERSION_NOTIFICATIONS_ENABLED: "false",
  N8N_DYNAMIC_BANNERS_ENABLED: "false",
  N8N_TEMPLATES_ENABLED: "false",
  N8N_PERSONALIZATION_ENABLED: "false",
  N8N_HIRING_BANNER_ENABLED: "false",
  N8N_COMMUNITY_PACKAGES_ENABLED: "false",
  N8N_LICENSE_AUTO_RENEW_ENABLED: "false",
  EXTERNAL_FRONTEND_HOOKS_URLS: "",
}

async function installN8n(bench: Bench): Promise<string> {
  const lock = readFileSync(join(import.meta.dirname, "package-lock.json"), "utf8")
  return bench.installed("n8n-npm", lock, async (folder) => {
    for (const name of ["package.json", "package-lock.json"])
      await copyFile(join(import.meta.dirname, name), join(folder, name))
    const quiet = ["--no-audit", "--no-fund", "--loglevel=error"]
    await install("npm", ["ci", "--ignore-scripts", ...quiet], folder)
    // The one package that has to be built. It takes the stable interface of Node, so that the headers of any version will do.
    await install("npm", ["rebuild", "sqlite3", "--loglevel=error"], folder, nodeHeaders())
  })
}

/** Where Node's headers lie beside a `node` on the PATH; else they are fetched. */
function nodeHeaders(): Record<string, string> {
  const roots = (process.env.PATH ?? "").split(delimiter).map((folder) => dirname(folder))
  const root = roots.find((folder) => existsSync(join(folder, "include/node/node_api.h")))
  return root === undefined ? {} : { npm_config_nodedir: root }
}

async function drive(url: string, output: () => string): Promise<N8n> {
  let cookie = ""
  const call: N8n["call"] = async (method, path, body) => {
    const ask = () =>
      fetch(`${url}/rest${path}`, {
        method,
        headers: { "content-type": "application/json", cookie },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(60_000),
      })
    const answer = await askedAgain(ask, 503)
    cookie ||= answer.headers
      .getSetCookie()
      .map((one) => one.split(";")[0])
      .join("; ")
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path} ${answer.status}: ${text.slice(0, 500)}`)
    // All that is called here answers an object with one.
    return (JSON.parse(text) as { data: Record<string, unknown> }).data
  }
  const person = { email: "a@example.com", firstName: "A", lastName: "A", password: "Correct-horse-1" }
  await call("POST", "/owner/setup", person)
  return {
    call,
    output,
    credentials: async (name, baseUrl, header) => {
      const data = {
        apiKey: "none",
        url: baseUrl,
        header: header !== undefined,
        ...(header !== undefined && { headerName: header.name, headerValue: header.value }),
      }
      const made = await call("POST", "/credentials", { name, type: "openAiApi", data })
      return String(made.id)
    },
    publish: async (workflow) => {
      const made = await call("POST", "/workflows", workflow)
      await call("POST", `/workflows/${made.id}/activate`, { versionId: made.versionId })
    },
    say: async (chat, session, text, { picture, limitMs = 110_000 } = {}) => {
      const form = new FormData()
      for (const [key, value] of Object.entries({
        action: "sendMessage",
        sessionId: session,
        chatInput: text,
      }))
        form.set(key, value)
      if (picture !== undefined)
        form.set("files", new File([new Uint8Array(picture)], "dot.png", { type: "image/png" }))
      const whole = new Response(form)
      const headers = { "content-type": whole.headers.get("content-type") ?? "" }
      const sent = Buffer.from(await whole.arrayBuffer())
      // A workflow that was just published has no address for a moment.
      return askedAgain(() => post(`${url}/webhook/${chat}/chat`, headers, sent, limitMs), 404, 503)
    },
  }
}

/**
 * The first answer without one of these statuses, for at most half a minute: under load n8n takes its database for lost for a
 * moment, and answers 503 until it has looked again.
 */
async function askedAgain<Answer extends { readonly status: number }>(
  ask: () => Promise<Answer>,
  ...statuses: readonly number[]
): Promise<Answer> {
  const lastMs = Date.now() + 30_000
  for (;;) {
    const answer = await ask()
    if (!statuses.includes(answer.status) || Date.now() > lastMs) return answer
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Waits for as long as it is told: `fetch` gives up after five minutes without headers. */
function post(
  url: string,
  headers: Record<string, string>,
  body: Buffer,
  limitMs: number,
): Promise<N8nAnswer> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(limitMs)
    const sent = request(url, { method: "POST", headers, signal }, (answer) => {
      let text = ""
      answer.setEncoding("utf8").on("data", (piece: string) => {
        text += piece
      })
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: text }))
      answer.on("error", reject)
    })
    sent.on("error", reject)
    sent.end(body)
  })
}
