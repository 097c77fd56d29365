import { expect, it } from "vitest"
import { ProxyError } from "../../domain/errors.ts"
import type { LiveResponse } from "../../domain/response-log.ts"
import type { TurnProgress } from "../../domain/store.ts"
import { UnstoredEnds } from "./unstored-ends.ts"

// Only its identity counts here.
const live = {} as LiveResponse

const progressOf = (responseId: string): TurnProgress => ({
  responseId,
  turnId: `turn of ${responseId}`,
  status: "failed",
  completedAt: 1,
})

function ends(saveProgress: (progress: TurnProgress) => Promise<void>): UnstoredEnds {
  return new UnstoredEnds({ saveProgress }, () => {})
}

const isFull = async (): Promise<void> => {
  throw new ProxyError("storage_failed", "full")
}

it("knows the end of a turn until it is stored", async () => {
  const stored: string[] = []
  const waiting = ends(async ({ responseId }) => void stored.push(responseId))
  waiting.add(live, progressOf("a"))
  expect(waiting.find("a")).toBe(live)
  await waiting.stop()
  expect(stored).toEqual(["a"])
  expect(waiting.find("a")).toBeUndefined()
})

it("keeps it while the disk is full, and knows nothing of a response that was deleted", async () => {
  const waiting = ends(isFull)
  waiting.add(live, progressOf("a"))
  waiting.add(live, progressOf("b"))
  waiting.forget("a")
  await waiting.stop()
  expect(waiting.find("a")).toBeUndefined()
  expect(waiting.find("b")).toBe(live)
})

it("leaves the oldest to the next start when there are too many", async () => {
  const waiting = ends(isFull)
  for (let index = 0; index <= 100; index += 1) waiting.add(live, progressOf(String(index)))
  expect(waiting.find("0")).toBeUndefined()
  expect(waiting.find("100")).toBe(live)
  await waiting.stop()
})
