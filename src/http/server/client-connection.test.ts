import { afterEach, beforeEach, expect, test, vi } from "vitest"
import type { LiveResponse } from "../../domain/response-log.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import { type ClientConnection, TurnClients } from "./client-connection.ts"

const clients = new TurnClients()
const holdTurn = (live: LiveResponse) => clients.hold(live)
const cancelWhenGone = (client: ClientConnection, live: LiveResponse, graceMs: number) =>
  clients.cancelWhenGone(client, live, graceMs)

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

function watched(graceMs: number, gone = new AbortController()) {
  let finish = (): void => {}
  const finished = new Promise<ResponseRecord>((resolve) => {
    // The record is of no interest to the watcher.
    finish = () => resolve({} as ResponseRecord)
  })
  const cancel = vi.fn()
  cancelWhenGone(
    { gone: gone.signal, release: () => {} },
    { finished, cancel } as unknown as LiveResponse,
    graceMs,
  )
  return { leave: () => gone.abort(), finish, cancel }
}

test("a turn whose client is gone is cancelled when the grace is over, not before", () => {
  const { leave, cancel } = watched(500)
  vi.advanceTimersByTime(10_000)
  leave()
  vi.advanceTimersByTime(499)
  expect(cancel).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(cancel).toHaveBeenCalledOnce()
})

test("a turn that ends within the grace is left alone, and no timer stays", async () => {
  const { leave, finish, cancel } = watched(500)
  leave()
  finish()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(cancel).not.toHaveBeenCalled()
  expect(vi.getTimerCount()).toBe(0)
})

test("a client that was gone before the turn began counts as well", () => {
  const gone = new AbortController()
  gone.abort()
  const { cancel } = watched(500, gone)
  vi.advanceTimersByTime(500)
  expect(cancel).toHaveBeenCalledOnce()
})

/** A turn that the next one of its conversation goes on behind, each with the client that waits for it. */
function conversation(graceMs: number) {
  const finished = new Promise<ResponseRecord>(() => {})
  const turn = (goesOnBehind: LiveResponse | null) => {
    // What the watcher does not look at is left out.
    const live = { finished, goesOnBehind, cancel: vi.fn() } as unknown as LiveResponse
    const gone = new AbortController()
    const watch = () => cancelWhenGone({ gone: gone.signal, release: () => {} }, live, graceMs)
    return { live, watch, leave: () => gone.abort() }
  }
  const first = turn(null)
  return { first, next: turn(first.live) }
}

test("a turn whose client is gone is cancelled at once when the conversation goes on behind it", () => {
  const { first, next } = conversation(10_000)
  first.watch()
  first.leave()
  next.watch()
  expect(first.live.cancel).toHaveBeenCalledOnce()
  expect(next.live.cancel).not.toHaveBeenCalled()
})

test("so is one whose client goes when the conversation has gone on", () => {
  const { first, next } = conversation(10_000)
  first.watch()
  next.watch()
  expect(first.live.cancel).not.toHaveBeenCalled()
  first.leave()
  expect(first.live.cancel).toHaveBeenCalledOnce()
})

test("a turn that another client wants goes on, whoever goes on behind it", () => {
  const { first, next } = conversation(0)
  holdTurn(first.live)
  first.watch()
  first.leave()
  next.watch()
  vi.advanceTimersByTime(10_000)
  expect(first.live.cancel).not.toHaveBeenCalled()
})
