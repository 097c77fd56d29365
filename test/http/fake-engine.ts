import type { AgentStatus } from "../../src/domain/agents.ts"
import type { ConversationItem } from "../../src/domain/conversations.ts"
import { ProxyError, type TurnError } from "../../src/domain/errors.ts"
import { newId } from "../../src/domain/ids.ts"
import type { Item } from "../../src/domain/items.ts"
import type { ResponseEvent } from "../../src/domain/response-events.ts"
import type { LiveResponse } from "../../src/domain/response-log.ts"
import type { ResponseKind, ResponseRecord, ResponseStatus } from "../../src/domain/responses.ts"
import type { TurnRequest } from "../../src/domain/turn-request.ts"
import { noAgent } from "../../src/engine/agents/find-agent.ts"
import type { Completions, Conversations, Engine, RefusedRequest, TurnNow } from "../../src/engine/engine.ts"
import { ResponseLog } from "../../src/engine/log/response-log.ts"
import { refusedResponse } from "../../src/engine/request/new-record.ts"

/** A response that a test drives by hand: it says what the agent says, and sees whether it was cancelled. */
export class FakeResponse implements LiveResponse {
  readonly id: string
  readonly log = new ResponseLog()
  readonly finished: Promise<ResponseRecord>
  readonly request: TurnRequest
  readonly principal: string
  record: ResponseRecord
  cancelCount = 0
  #text = ""
  #finish: (record: ResponseRecord) => void = () => {}

  constructor(principal: string, request: TurnRequest) {
    this.id = newId(request.kind === "chat" ? "chatcmpl-" : "resp_")
    this.principal = principal
    this.request = request
    this.finished = new Promise((resolve) => {
      this.#finish = resolve
    })
    this.record = {
      id: this.id,
      kind: request.kind,
      principal,
      agentId: "manager",
      previousResponseId: request.previousResponseId,
      isStored: request.isStored,
      isBackground: request.isBackground,
      echo: request.echo,
      createdAt: 1_790_000_000_000,
      status: "running",
      completedAt: null,
      error: null,
      usage: null,
      output: [],
    }
    this.append({ type: "created" }, { type: "in_progress" })
  }

  append(...events: readonly ResponseEvent[]): void {
    for (const event of events) this.log.append(event)
  }

  /** The one message of the answer begins. */
  begin(): void {
    this.append(
      { type: "item.added", outputIndex: 0, item: this.#message("in_progress") },
      { type: "part.added", outputIndex: 0, partIndex: 0 },
    )
  }

  say(text: string): void {
    this.#text += text
    this.append({ type: "text.delta", outputIndex: 0, partIndex: 0, text })
  }

  complete(): void {
    const item = this.#message("completed")
    this.append(
      { type: "text.done", outputIndex: 0, partIndex: 0, text: this.#text },
      { type: "part.done", outputIndex: 0, partIndex: 0 },
      { type: "item.done", outputIndex: 0, item },
    )
    this.record = { ...this.record, output: [item] }
    this.#end("completed", null)
  }

  /** The whole of a short answer at once. */
  answer(text: string): void {
    this.begin()
    this.say(text)
    this.complete()
  }

  fail(error: TurnError): void {
    this.#end("failed", error)
  }

  cancel(): void {
    this.cancelCount += 1
    if (!this.log.isClosed) this.#end("cancelled", null)
  }

  #end(status: Exclude<ResponseStatus, "queued" | "running">, error: TurnError | null): void {
    const usage = { inputTokens: 3, cachedInputTokens: 0, outputTokens: 5, reasoningTokens: 0 }
    this.record = { ...this.record, status, error, usage, completedAt: 1_790_000_001_000 }
    this.append({ type: status })
    this.log.close()
    this.#finish(this.record)
  }

  #message(status: "in_progress" | "completed"): ResponseRecord["output"][number] {
    const text = status === "completed" ? this.#text : ""
    const id = `msg_${this.id.slice(-32)}`
    return {
      type: "message",
      id,
      role: "assistant",
      content: [{ type: "text", text }],
      phase: "final_answer",
      status,
    }
  }
}

/** The engine's interface over responses that a test drives. */
export class FakeEngine implements Engine {
  readonly responses: FakeResponse[] = []
  readonly conversations: Conversations = unserved()
  readonly completions: Completions = unserved()
  agentStatuses: AgentStatus[] = [agentStatus("manager")]
  /** What `findItems` finds. */
  items: readonly ConversationItem[] = []
  /** What `submit` rejects with. */
  refusal: Error | null = null
  /** Runs for each submitted response; by default the agent answers at once. */
  onSubmit: (response: FakeResponse) => void = (response) => response.answer("Hello.")

  async submit(principal: string, request: TurnRequest): Promise<FakeResponse> {
    if (this.refusal !== null) throw this.refusal
    const response = new FakeResponse(principal, request)
    this.responses.push(response)
    this.onSubmit(response)
    return response
  }

  async retrieve(principal: string, kind: ResponseKind, id: string): Promise<ResponseRecord> {
    return this.#find(principal, kind, id).record
  }

  async reopen(principal: string, kind: ResponseKind, id: string): Promise<FakeResponse> {
    return this.#find(principal, kind, id)
  }

  async cancel(principal: string, kind: ResponseKind, id: string): Promise<ResponseRecord> {
    const response = this.#find(principal, kind, id)
    response.cancel()
    return response.record
  }

  async findItems(): Promise<readonly ConversationItem[]> {
    return this.items
  }

  async inputItems(principal: string, kind: ResponseKind, id: string): Promise<readonly Item[]> {
    return this.#find(principal, kind, id).request.input
  }

  async remove(principal: string, kind: ResponseKind, id: string): Promise<void> {
    this.responses.splice(this.responses.indexOf(this.#find(principal, kind, id)), 1)
  }

  agents(): readonly AgentStatus[] {
    return this.agentStatuses
  }

  findAgent(model: string): AgentStatus | null {
    return this.agentStatuses.find((agent) => agent.id === model || agent.name === model) ?? null
  }

  agentCalled(name: string, code: "model_not_found" | "agent_not_found", param: string): AgentStatus {
    const agent = this.findAgent(name)
    if (agent === null) throw noAgent(this.agentStatuses, name, code, param)
    return agent
  }

  refused(principal: string, request: RefusedRequest, error: ProxyError): LiveResponse {
    return refusedResponse(principal, request, error, Date.now())
  }

  async isAgentGone(): Promise<boolean> {
    return false
  }

  identityOf(agentId: string): string {
    return agentId
  }

  runningTurns(): readonly TurnNow[] {
    return []
  }

  async say(): Promise<boolean> {
    return false
  }

  #find(principal: string, kind: ResponseKind, id: string): FakeResponse {
    const found = this.responses.find(
      (response) => response.id === id && response.principal === principal && response.request.kind === kind,
    )
    if (found === undefined) throw new ProxyError("response_not_found", `No response '${id}'.`)
    return found
  }
}

export function agentStatus(id: string, fields: Partial<AgentStatus> = {}): AgentStatus {
  const [role = id, name = id] = id.split("_")
  return {
    id,
    role,
    name,
    state: "running",
    backend: "codex",
    program: "codex",
    readiness: { isReady: true },
    capabilities: null,
    pid: null,
    lastExit: null,
    restarts: 0,
    loginProblem: null,
    controlProblem: null,
    loadedThreads: 0,
    runningTurns: 0,
    queuedTurns: 0,
    createdAt: 1_790_000_000_000,
    lastActiveAt: null,
    ...fields,
  }
}

/** What tests of the routes have over the real engine only. */
function unserved<T extends object>(): T {
  // Every method of it fails when it is called, so that no test can take it for the real one.
  return new Proxy({}, { get: () => () => Promise.reject(new Error("not part of the fake engine")) }) as T
}
