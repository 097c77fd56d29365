import type { ServerResponse } from "node:http"
import { Writable } from "node:stream"
import { expect, it, vi } from "vitest"
import { BoundLog } from "./bound-log.ts"
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
