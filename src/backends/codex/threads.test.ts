import { expect, it, vi } from "vitest"
import type { ThreadOptions } from "../../domain/backend.ts"
import { CodexThreads } from "./threads.ts"

const options: ThreadOptions = { isEphemeral: true, instructions: null, history: [], tools: [] } as never

function threadsOf(answers: Readonly<Record<string, () => unknown>>) {
  let count = 0
  const request = vi.fn(async (method: string, _params: unknown) => {
    count += 1
    const all: typeof answers = {
      "thread/start": () => ({ thread: { id: `thread ${count}` }, model: "m" }),
      ...answers,
    }
    return all[method]?.() ?? {}
  })
  const threads = new CodexThreads(
    { request: request as never, tree: {} as never },
    {} as never,
    () => {},
    90_000,
  )
  const asked = (method: string) => request.mock.calls.filter(([name]) => name === method)
  return { threads, asked }
}

const own = { model_provider: "own", model_providers: { own: {} } }
const patience = { model_providers: { own: { stream_idle_timeout_ms: 90_000 } } }
const configOf = (call: readonly unknown[] | undefined) =>
  (call?.[1] as { config?: object } | undefined)?.config

it("asks for the configuration once for threads that are opened soon after one another", async () => {
  const { threads, asked } = threadsOf({ "config/read": () => ({ config: own }) })
  await Promise.all([threads.open(options), threads.open(options)])
  await threads.open(options)
  expect(asked("thread/start")).toHaveLength(3)
  for (const call of asked("thread/start")) expect(configOf(call)).toMatchObject(patience)
  expect(asked("config/read")).toHaveLength(1)
})

it("asks again a few seconds later, so that a change of it counts", async () => {
  vi.useFakeTimers({ toFake: ["performance"] })
  try {
    let config: object = {}
    const { threads, asked } = threadsOf({ "config/read": () => ({ config }) })
    await threads.open(options)
    config = own
    vi.advanceTimersByTime(5_001)
    await threads.open(options)
    const [first, second] = asked("thread/start")
    expect(configOf(first)).not.toMatchObject(patience)
    expect(configOf(second)).toMatchObject(patience)
  } finally {
    vi.useRealTimers()
  }
})
