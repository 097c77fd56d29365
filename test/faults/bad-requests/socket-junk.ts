import type { Random } from "../support/random.ts"
import type { RawExchange } from "./raw-exchange.ts"

/** WebSocket handshakes that are not right, and junk after one that is. */
export function socketJunk(random: Random, key: string): RawExchange {
  const head = `GET /v1/responses HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${key}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`
  const keyLine = `Sec-WebSocket-Key: ${random.bytes(16).toString("base64")}\r\n`
  const opening = `${head}${keyLine}Sec-WebSocket-Version: 13\r\n\r\n`
  const refused = (piece: string): RawExchange => ({ pieces: [piece], wants: "refusal" })
  const closed = (frame: Uint8Array): RawExchange => ({ pieces: [opening, frame, closeFrame], wants: "end" })
  return random.pick<() => RawExchange>([
    () => refused(`${head}Sec-WebSocket-Version: 13\r\n\r\n`),
    () => refused(`${head}${keyLine}Sec-WebSocket-Version: 7\r\n\r\n`),
    () => refused(`${head}Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n`),
    () => refused(opening.replace(`Bearer ${key}`, "Bearer wrong")),
    // Such bytes may be the beginning of a frame that is longer, for which it rightly waits.
    () => ({ pieces: [opening, random.bytes(random.integer(1, 100))], wants: "nothing" }),
    () => closed(frame(1, Buffer.from("no json"))),
    () => closed(frame(1, Buffer.from('{"type":"nothing"}'))),
    () => closed(frame(1, Buffer.from('{"type":"response.create"}'))),
    () => closed(frame(1, Buffer.from('{"type":"response.create","input":[[]]}'))),
    () => closed(frame(1, Buffer.from([0xff, 0xfe]))),
    () => closed(frame(2, random.bytes(20))),
    () => closed(frame(3, Buffer.from("x"))),
    () => closed(frame(9, Buffer.alloc(200))),
    () => closed(Buffer.from([0x81, 0x05, 0x68, 0x65, 0x6c, 0x6c, 0x6f])),
    () => closed(Buffer.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])),
    () => ({ pieces: [opening, frame(1, Buffer.from("{")).subarray(0, 3)], wants: "nothing" }),
  ])()
}

/** A whole masked frame. */
function frame(opcode: number, payload: Buffer): Buffer {
  const length =
    payload.length < 126 ? [0x80 | payload.length] : [0x80 | 126, payload.length >> 8, payload.length & 0xff]
  const mask = [1, 2, 3, 4]
  const masked = payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0))
  return Buffer.concat([Buffer.from([0x80 | opcode, ...length, ...mask]), masked])
}

const closeFrame = frame(8, Buffer.from([0x03, 0xe8]))
