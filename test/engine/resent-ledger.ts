import type { TurnError } from "../../src/domain/errors.ts"
import { newId } from "../../src/domain/ids.ts"
import {
  type CommandItem,
  type FunctionCallItem,
  type FunctionTool,
  type Item,
  type Role,
  textOf,
} from "../../src/domain/items.ts"
import { hasFailed, type ResponseStatus } from "../../src/domain/responses.ts"
import type { Store } from "../../src/domain/store.ts"
import { turnMarks } from "../../src/domain/turn-marks.ts"
import { anyFunction, type TurnRequest } from "../../src/domain/turn-request.ts"
import type { Plan } from "../../src/engine/plan/plan.ts"
import { planTurn } from "../../src/engine/plan/plan-turn.ts"
import { newRecord, storeTurn } from "../../src/engine/request/new-record.ts"
import { openSqliteStore } from "../../src/storage/sqlite/open-sqlite-store.ts"

const principal = "owner"
const agent = { id: "manager", identity: "agent-1" }

export interface Asked {
  readonly input: readonly Item[]
  readonly instructions?: string
  readonly tools?: readonly FunctionTool[]
  readonly stopTexts?: readonly string[]
  readonly sessionKey?: string
  readonly resendsHistory?: boolean
  readonly previousResponseId?: string
  readonly keepsThread?: boolean
}

export interface Answered {
  readonly plan: Plan
  readonly turnId: string
  readonly responseId: string
}

/** Requests planned and stored as the engine does it, with answers that the test gives in place of an agent. */
export class ResentLedger {
  readonly store: Store
  /** See `Capabilities`. */
  hidesItsWork = false
  /** Of its lookups. */
  lookups = 0

  private constructor(store: Store) {
    this.store = store
  }

  /** In memory, or in this file. */
  static async open(path = ":memory:"): Promise<ResentLedger> {
    return new ResentLedger(await openSqliteStore(path))
  }

  plan(asked: Asked): Promise<Plan> {
    const count = async <T>(found: Promise<T>) => {
      this.lookups += 1
      return found
    }
    const store = new Proxy(this.store, {
      get: (target, name) => {
        // A method of the store, whichever it is.
        const member = target[name as keyof Store]
        return typeof member === "function"
          ? (...args: readonly unknown[]) => count(Reflect.apply(member, target, args) as Promise<unknown>)
          : member
      },
    })
    return planTurn(requestOf(asked), {
      store,
      owner: { principal, agent },
      backend: "demo",
      hidesItsWork: this.hidesItsWork,
      sessions: "separate",
      unsettled: { beginnings: () => [], findUnstored: () => null },
      now: 1_000,
      age: 1_000,
    })
  }

  /** A whole turn. */
  async turn(
    asked: Asked,
    output: readonly Item[],
    status: ResponseStatus = "completed",
    error: TurnError | null = null,
  ): Promise<Answered> {
    const plan = await this.plan(asked)
    const turnId = newId("turn_")
    const record = newRecord(principal, agent.id, requestOf(asked), { createdAt: 1_000, status: "running" })
    const pending = { turnId, request: requestOf(asked), plan, record }
    await storeTurn(pending, null, this.store, 1_000)
    await this.store.saveProgress({
      responseId: record.id,
      turnId,
      status,
      completedAt: 2_000,
      ...(error !== null && { error }),
      items: output.map((item, outputIndex) => ({ outputIndex, item })),
      nativeTurnRef: `native ${turnId}`,
      marks: turnMarks(
        { principal, agentId: agent.id },
        plan,
        [...plan.added, ...output],
        hasFailed(status),
        asked.stopTexts,
      ),
    })
    return { plan, turnId, responseId: record.id }
  }

  close(): Promise<void> {
    return this.store.close()
  }
}

function requestOf(asked: Asked): TurnRequest {
  return {
    kind: "response",
    model: "manager",
    instructions: asked.instructions ?? null,
    input: asked.input,
    tools: asked.tools ?? [],
    functionChoice: anyFunction,
    allowsParallelCalls: true,
    previousResponseId: asked.previousResponseId ?? null,
    conversationId: null,
    sessionKey: asked.sessionKey ?? null,
    resendsHistory: asked.resendsHistory ?? false,
    effort: null,
    outputSchema: null,
    answerLimits: { stopTexts: asked.stopTexts ?? [], maxTokens: null },
    sideRequest: null,
    keepsThread: asked.keepsThread ?? true,
    isStored: true,
    isBackground: false,
    echo: {},
  }
}

function message(role: Role, text: string): Item {
  return {
    type: "message",
    id: newId("msg_"),
    role,
    content: [{ type: "text", text }],
    phase: null,
    status: "completed",
  }
}

export const user = (text: string) => message("user", text)
export const developer = (text: string) => message("developer", text)
export const answer = (text: string) => message("assistant", text)

export function call(callId: string, args = "{}"): FunctionCallItem {
  return {
    type: "function_call",
    id: newId("fc_"),
    callId,
    name: "look",
    arguments: args,
    status: "completed",
  }
}

export function result(callId: string, text = "found"): Item {
  return {
    type: "function_call_output",
    id: newId("fco_"),
    callId,
    output: [{ type: "text", text }],
    status: "completed",
  }
}

export function ran(command: string, output = ""): CommandItem {
  return {
    type: "command",
    id: newId("mcp_"),
    command,
    cwd: null,
    output,
    exitCode: 0,
    status: "completed",
  }
}

export function tool(name: string): FunctionTool {
  return { name, description: "", parameters: { type: "object" } }
}

/** What items say, for comparing. */
export function textsOf(items: readonly Item[]): string[] {
  return items.flatMap((item) => {
    if (item.type === "message") return [textOf(item.content)]
    if (item.type === "function_call_output") return [`output of ${item.callId}`]
    return item.type === "function_call" ? [`call ${item.callId}`] : []
  })
}

/** Where a request goes on, what a thread is told of it, and what is asked. */
export function summaryOf(plan: Plan) {
  return {
    behind: plan.parentTurnId,
    told: textsOf(plan.clientHistory),
    asked: textsOf(plan.added),
    seen: plan.seenText,
  }
}
