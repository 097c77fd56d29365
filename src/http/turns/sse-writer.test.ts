import { EventEmitter } from "node:events"
import type { ServerResponse } from "node:http"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import type { ResponseEvent } from "../../domain/response-events.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import { ResponseLog } from "../../engine/log/response-log.ts"
import { BoundLog } from "../server/bounds.ts"
import { StalledReaders } from "../server/stalled-readers.ts"
import { writeSse } from "./sse-writer.ts"

/** The part of a `ServerResponse` that the writer uses; the reader takes everything unless it is told to stall. */
class FakeOutgoing extends EventEmitter {
  readonly writes: string[] = []
  isStalled = false
  writableEnded = false
  isDestroyed = false

  writeHead(): void {}
  flushHeaders(): void {}

  write(text: string): boolean {
    this.writes.push(text)
    return !this.isStalled
  }

  end(text: string): void {
    if (text !== "") this.writes.push(text)
    this.writableEnded = true
    this.emit("finish")
  }

  readonly socket = null

  destroy(): void {
    this.isDestroyed = true
  }
}

function start(log: ResponseLog, encode: (event: ResponseEvent, sequence: number) => string) {
  const outgoing = new FakeOutgoing()
  const gone = new AbortController()
  const written = writeSse(outgoing as unknown as ServerResponse, {
    log,
    // Of a record only what it weighs is asked for.
    held: { log, record: { output: [] } as unknown as ResponseRecord },
    readers: new StalledReaders({ unreadBytes: 1024, unreadMs: 60_000 }, new BoundLog(() => {})),
    encoder: { encode, signOfLife: (next) => `sign of life, before ${next};`, isBroken: false },
    headers: {},
    keepAliveMs: 15_000,
    clientGone: gone.signal,
  })
  return { outgoing, gone, written }
}

function closedLog(deltas: number): ResponseLog {
  const log = new ResponseLog()
  for (let index = 0; index < deltas; index += 1) {
    log.append({ type: "text.delta", outputIndex: 0, partIndex: 0, text: "t" })
  }
  log.close()
  return log
}

describe("writes", () => {
  test("all events that are there go out in one write", async () => {
    const { outgoing, written } = start(closedLog(100), (_event, sequence) => `${sequence};`)
    await written
    expect(outgoing.writes).toEqual([Array.from({ length: 100 }, (_, index) => `${index};`).join("")])
  })

  test("a write is bounded, however many events wait", async () => {
    const { outgoing, written } = start(closedLog(1000), () => "x".repeat(1000))
    await written
    expect(Math.max(...outgoing.writes.map((text) => text.length))).toBeLessThan(66 * 1024)
    expect(outgoing.writes.join("")).toHaveLength(1_000_000)
  })

  test("a long log and a reader that takes everything leave the event loop to others in between", async () => {
    const { outgoing, written } = start(closedLog(10_000), () => "x")
    const writesBefore = await new Promise<number>((resolve) =>
      setImmediate(() => resolve(outgoing.writes.length)),
    )
    await written
    expect(writesBefore).toBeLessThan(outgoing.writes.length)
  })

  test("nothing is written between a refused write and the drain", async () => {
    const log = new ResponseLog()
    log.append({ type: "created" })
    const { outgoing, written } = start(log, (event) => event.type)
    outgoing.isStalled = true
    log.append({ type: "in_progress" })
    await new Promise((resolve) => setImmediate(resolve))
    log.append({ type: "completed" })
    log.close()
    await new Promise((resolve) => setImmediate(resolve))
    expect(outgoing.writes).toEqual(["created", "in_progress"])
    outgoing.isStalled = false
    outgoing.emit("drain")
    await written
    expect(outgoing.writes).toEqual(["created", "in_progress", "completed"])
    expect(outgoing.listenerCount("drain")).toBe(0)
  })

  test("a fault while encoding cuts the connection, so that the stream does not look finished", async () => {
    const { outgoing, written } = start(closedLog(1), () => {
      throw new Error("cannot encode")
    })
    await expect(written).rejects.toThrow("cannot encode")
    expect(outgoing.isDestroyed).toBe(true)
    expect(outgoing.writableEnded).toBe(false)
  })
})

describe("signs of life", () => {
  const sign = "sign of life, before 0;"

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] })
  })

  afterEach(() => {
    vi.useRealTimers()
  })

  test("the first comes after a second of silence, the next ones at the configured distance", async () => {
    const log = new ResponseLog()
    const { outgoing, gone, written } = start(log, () => "")
    await vi.advanceTimersByTimeAsync(999)
    expect(outgoing.writes).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(outgoing.writes).toEqual([sign])
    await vi.advanceTimersByTimeAsync(14_999)
    expect(outgoing.writes).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(15_001)
    expect(outgoing.writes).toEqual([sign, sign, sign])
    gone.abort()
    log.close()
    await written
    expect(vi.getTimerCount()).toBe(0)
  })

  test("words put them off", async () => {
    const log = new ResponseLog()
    const { outgoing, written } = start(log, () => "word")
    for (let index = 0; index < 10; index += 1) {
      log.append({ type: "text.delta", outputIndex: 0, partIndex: 0, text: "t" })
      await vi.advanceTimersByTimeAsync(900)
    }
    expect(outgoing.writes.join("")).not.toContain("sign of life")
    await vi.advanceTimersByTimeAsync(100)
    expect(outgoing.writes.at(-1)).toBe("sign of life, before 10;")
    log.close()
    await written
  })

  test("none is written to a reader that stalls", async () => {
    const log = new ResponseLog()
    const { outgoing, gone, written } = start(log, () => "word")
    outgoing.isStalled = true
    log.append({ type: "created" })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(outgoing.writes).toEqual(["word"])
    gone.abort()
    await written
  })

  test("one that fills the reader's buffer holds the next words back until the drain", async () => {
    const log = new ResponseLog()
    const { outgoing, written } = start(log, () => "word")
    outgoing.isStalled = true
    await vi.advanceTimersByTimeAsync(1000)
    log.append({ type: "completed" })
    log.close()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(outgoing.writes).toEqual([sign])
    outgoing.isStalled = false
    outgoing.emit("drain")
    await written
    expect(outgoing.writes).toEqual([sign, "word"])
  })
})
