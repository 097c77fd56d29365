import { expect, it } from "vitest"
import type { Turn } from "../../domain/backend.ts"
import { ProxyError } from "../../domain/errors.ts"
import type { FunctionCallItem } from "../../domain/items.ts"
import { CalledFunctions } from "./called-functions.ts"
import type { FunctionGate } from "./function-gate.ts"
import type { StopCause } from "./outcome.ts"
import type { TurnTools } from "./turn-tools.ts"

it("a call that cannot be checked ends the turn, whose agent would wait for its output", async () => {
  const gate: Pick<FunctionGate, "refusalOf"> = {
    refusalOf: () => Promise.reject(new ProxyError("agent_unavailable", "too busy", { hasActed: true })),
  }
  const tools: Pick<TurnTools, "serviceNameOf"> = { serviceNameOf: () => null }
  const causes: StopCause[] = []
  const called = new CalledFunctions({
    gate: gate as FunctionGate,
    tools: tools as TurnTools,
    service: null,
    allowsParallelCalls: true,
    stop: (cause) => causes.push(cause),
  })
  const item: FunctionCallItem = {
    type: "function_call",
    id: "i",
    callId: "c",
    name: "f",
    arguments: "{}",
    status: "completed",
  }
  await called.take([{ type: "function.called", item, holdMs: null }], {} as Turn)
  expect(causes).toEqual([
    { code: "agent_unavailable", message: "too busy", details: { modelStatus: null, mayHaveActed: true } },
  ])
  expect(called.takeReady()).toBeNull()
})
