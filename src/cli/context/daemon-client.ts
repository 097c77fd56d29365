import { existsSync } from "node:fs"
import { type IncomingMessage, type RequestOptions, request } from "node:http"
import { text } from "node:stream/consumers"
import { urlToHttpOptions } from "node:url"
import { z } from "zod"
import { askingAgentHeaders, controlSocketOf, reachable } from "../../config/control-socket.ts"
import { isErrorCode, ProxyError } from "../../domain/errors.ts"
import { systemCodeOf } from "../../domain/file-problem.ts"
import { agentVariables, threadVariable } from "../../programs/child-environment.ts"
import { type AgentView, agentViewSchema } from "./agent-view.ts"

/** No service listens on the home's socket. */
export class DaemonDownError extends ProxyError {
  /** Absolute path of the service's home. */
  readonly home: string

  constructor(home: string, cause: unknown) {
    super(
      "agent_not_ready",
      existsSync(home)
        ? `The service is not running (nothing listens on ${controlSocketOf(home)}). Start it with \`ai-agent-proxy daemon\`.`
        : `There is no ${home}, so that no service can be reached there. If it was moved away, put it back; a service that runs goes ` +
            "on then. Else start one with `ai-agent-proxy daemon`, which makes it.",
      { cause },
    )
    this.name = "DaemonDownError"
    this.home = home
  }
}

const errorSchema = z.object({ error: z.object({ message: z.string(), code: z.string().nullable() }) })
const agentAnswerSchema = z.object({ agent: agentViewSchema })
const hireAnswerSchema = agentAnswerSchema.extend({ is_new: z.boolean() })
const statusSchema = z.object({
  version: z.string(),
  pid: z.number(),
  phase: z.string(),
  uptime_seconds: z.number(),
  url: z.string().nullable(),
  /** Left out by services of before. */
  storage_problem: z.string().nullable().default(null),
  agents: z.array(agentViewSchema),
  asking_agent: z.string().nullable().default(null),
})

const outboxSchema = z.object({
  data: z.array(
    z.looseObject({
      id: z.string(),
      created_at: z.number(),
      agent: z.string(),
      text: z.string(),
      final: z.boolean(),
      response_id: z.string().nullable(),
      /** Of release 0.2.0, in the home: it cannot be taken out. */
      file: z.string().optional(),
    }),
  ),
  has_more: z.boolean(),
})

export type Outbox = z.infer<typeof outboxSchema>
export type DaemonStatus = z.infer<typeof statusSchema>

type Call = [method: string, path: string, body: object | null, signal?: AbortSignal | undefined]

/** The service that runs on a home, over its socket: no key, because nobody else can open it. */
export class DaemonClient {
  readonly #home: string

  constructor(home: string) {
    this.#home = home
  }

  status(signal?: AbortSignal): Promise<DaemonStatus> {
    return this.#call(statusSchema, "GET", "/control/status", null, signal)
  }

  async hire(order: object): Promise<{ readonly agent: AgentView; readonly isNew: boolean }> {
    const { agent, is_new: isNew } = await this.#call(hireAnswerSchema, "POST", "/control/agents", order)
    return { agent, isNew }
  }

  fire(id: string): Promise<{ readonly archive: string }> {
    return this.#call(z.object({ archive: z.string() }), "DELETE", agentPath(id), null)
  }

  async change(id: string, action: "start" | "stop"): Promise<AgentView> {
    return (await this.#call(agentAnswerSchema, "POST", `${agentPath(id)}/${action}`, {})).agent
  }

  async mainConversation(id: string, isNew: boolean): Promise<string> {
    const schema = z.object({ conversation: z.string() })
    const body = { is_new: isNew }
    return (await this.#call(schema, "POST", `${agentPath(id)}/conversation`, body)).conversation
  }

  /** What agents have said that nobody was waiting for, the newest first. */
  outbox(agentId: string | null, limit: number): Promise<Outbox> {
    const agent = agentId === null ? "" : `&agent=${encodeURIComponent(agentId)}`
    return this.#call(outboxSchema, "GET", `/agent-reply?limit=${limit}${agent}`, null)
  }

  /** False: it is not there any more. */
  async removeFromOutbox(id: string): Promise<boolean> {
    const path = `/agent-reply/${encodeURIComponent(id)}`
    try {
      return (await this.#call(z.object({ deleted: z.boolean() }), "DELETE", path, null)).deleted
    } catch (error) {
      if (error instanceof ProxyError && error.code === "reply_not_found") return false
      throw error
    }
  }

  async #call<T>(schema: z.ZodType<T>, ...call: Call): Promise<T> {
    const answer = await this.open(...call)
    const content = await text(answer).catch((error: unknown) => {
      throw hungUp(error)
    })
    return schema.parse(JSON.parse(content))
  }

  /** The answer, its body still to be read. Rejects with `ProxyError` for errors of the service. */
  async open(...call: Call): Promise<IncomingMessage> {
    const answer = await this.#send(...call)
    const { statusCode = 0 } = answer
    if (statusCode < 400) return answer
    const content = await text(answer)
    const parsed = errorSchema.safeParse(jsonOrNull(content))
    if (!parsed.success)
      throw new ProxyError("internal_error", `The service answered ${statusCode}: ${content.slice(0, 300)}`)
    const { code, message } = parsed.data.error
    throw new ProxyError(code !== null && isErrorCode(code) ? code : "internal_error", message)
  }

  async #send(...[method, path, body, signal]: Call): Promise<IncomingMessage> {
    const socket = reachable(controlSocketOf(this.#home))
    const headers = {
      ...(body !== null && { "content-type": "application/json" }),
      ...askingAgent(process.env),
    }
    try {
      const options = { socketPath: socket.path, method, path, headers, ...(signal && { signal }) }
      return await sent(options, body === null ? undefined : JSON.stringify(body))
    } catch (error) {
      const code = systemCodeOf(error)
      if (["ENOENT", "ECONNREFUSED", "ENOTDIR"].includes(code)) throw new DaemonDownError(this.#home, error)
      throw code === "EPIPE" || code === "ECONNRESET" ? hungUp(error) : error
    } finally {
      socket.release()
    }
  }
}

function sent(options: RequestOptions, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(options).once("response", resolve).on("error", reject).end(body)
  })
}

/** In an agent's shell: whose it is, so that the agent is told when it would wait for itself. */
function askingAgent(env: NodeJS.ProcessEnv): Record<string, string> {
  const token = env[agentVariables.token]
  if (token === undefined) return {}
  const thread = env[threadVariable]
  return {
    [askingAgentHeaders.token]: token,
    ...(thread !== undefined && { [askingAgentHeaders.thread]: thread }),
  }
}

/** Also what a service does that may open no more files: it takes the connection and drops it. */
function hungUp(cause: unknown): ProxyError {
  return new ProxyError(
    "agent_not_ready",
    "The service closed the connection without a whole answer: it is stopping, or has as many files and connections open as it may. " +
      "Try again; `ai-agent-proxy logs` may say more.",
    { cause },
  )
}

function agentPath(id: string): string {
  return `/control/agents/${encodeURIComponent(id)}`
}

/** Null: it is no JSON, and so not from our service. */
export function jsonOrNull(content: string): unknown {
  try {
    return JSON.parse(content)
  } catch {
    return null
  }
}

interface LocalRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly timeoutMs: number
}

/**
 * A request to the service on this machine, whole, past the user's proxy: `fetch`, and Node's
 * shared agent, go through it where `NODE_USE_ENV_PROXY` is set. Rejects with what Node's `request`
 * tells, and when the time is over.
 */
export async function requestLocally(
  url: string,
  { method = "GET", headers = {}, body, timeoutMs }: LocalRequest,
): Promise<{ readonly status: number; readonly body: string }> {
  const signal = AbortSignal.timeout(timeoutMs)
  const answer = await sent(
    { ...urlToHttpOptions(new URL(url)), method, headers, agent: false, signal },
    body,
  )
  return { status: answer.statusCode ?? 0, body: await text(answer) }
}
