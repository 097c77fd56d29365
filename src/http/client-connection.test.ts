import { afterEach, beforeEach, expect, test, vi } from "vitest"
import type { LiveResponse } from "../domain/response-log.ts"
import type { ResponseRecord } from "../domain/responses.ts"
import { cancelWhenGone } from "./client-connection.ts"

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
