import type { ServerResponse } from "node:http"
import { Writable } from "node:stream"
import { expect, it, vi } from "vitest"
import { BoundLog } from "./bounds.ts"
import { WholeBody, writeLarge } from "./large-answer.ts"
import { StalledReaders } from "./stalled-readers.ts"

const pieceBytes = 64 * 1024

it("ends a reader that takes nothing any more when only the last bytes are left", async () => {
  let now = 0
  const bounds = new BoundLog(() => {})
  const readers = new StalledReaders({ unreadBytes: pieceBytes, unreadMs: 1000 }, bounds, () => now)
  const gone = new AbortController()
  // Takes whole pieces, and never the rest.
  const wire = new Writable({
    highWaterMark: pieceBytes,
    write: (chunk: Buffer, _encoding, taken) => {
      if (chunk.length === pieceBytes) taken()
    },
  })
  const socket = { destroy: () => gone.abort() }
  // The part of a response that is written to.
  const outgoing = Object.assign(wire, { socket }) as unknown as ServerResponse
  const written = writeLarge(outgoing, new WholeBody(Buffer.alloc(pieceBytes + 10)), gone.signal, readers)
  await vi.waitFor(() => {
    now += 1000
    readers.sweep()
    expect(gone.signal.aborted).toBe(true)
  })
  await written
})

const long = {
  id: "a",
  output: [{ text: "é𝄞\n".repeat(60_000) }],
  output_text: "é𝄞\n".repeat(60_000),
  usage: null,
}
const whole = Buffer.from(JSON.stringify(long))

function newReaders(): StalledReaders {
  return new StalledReaders({ unreadBytes: pieceBytes, unreadMs: 1000 }, new BoundLog(() => {}))
}

it.each([0, 1, 3, 1000])("is the same JSON for a reader that stalls after %i pieces", (count) => {
  const body = new WholeBody(long)
  expect(body.length).toBe(whole.length)
  const readers = newReaders()
  const pieces: Buffer[] = []
  if (count === 0) body.share(readers)
  for (const piece of body) {
    pieces.push(piece)
    if (pieces.length === count) body.share(readers)
  }
  expect(Buffer.concat(pieces).equals(whole)).toBe(true)
})

it("keeps the same JSON once, however many readers stall", () => {
  const readers = newReaders()
  const bodies = Array.from({ length: 8 }, () => new WholeBody(structuredClone(long)))
  const begun = bodies.map((body) => ({ body, pieces: body[Symbol.iterator](), read: [] as Buffer[] }))
  for (const { pieces, read } of begun) read.push(pieces.next().value ?? Buffer.alloc(0))
  expect(new Set(bodies.map((body) => body.share(readers))).size).toBe(1)
  for (const { pieces, read } of begun) {
    expect(Buffer.concat([...read, ...pieces]).equals(whole)).toBe(true)
  }
})
