import { EventEmitter } from "node:events"
import type { Socket } from "node:net"
import { beforeEach, describe, expect, it } from "vitest"
import { BoundLog } from "./bounds.ts"
import { Connections } from "./connections.ts"

/** Of a socket only these are asked for. */
class FakeSocket extends EventEmitter {
  readonly remoteAddress: string
  readonly localAddress = "192.0.2.1"
  isGone = false

  constructor(remoteAddress: string) {
    super()
    this.remoteAddress = remoteAddress
  }

  destroy(): void {
    this.isGone = true
    this.emit("close")
  }
}

let now = 0
let told: string[] = []
beforeEach(() => {
  now = 0
  told = []
})

function connectionsWith(limit: number, open = limit * 2, proxy = ""): Connections {
  return new Connections({
    limits: { connections: limit, open },
    isProxy: (address) => address === proxy,
    bounds: new BoundLog(
      (_level, _message, fields) => told.push(String(fields?.bound)),
      () => now,
    ),
    now: () => now,
  })
}

/** Of a class of the test, which has what is asked for. */
const asSocket = (socket: FakeSocket): Socket => socket as unknown as Socket

function open(connections: Connections, address: string, count = 1): FakeSocket[] {
  return Array.from({ length: count }, () => {
    const socket = new FakeSocket(address)
    expect(connections.opened(asSocket(socket))).toBe(true)
    return socket
  })
}

/** A request that is under way; what it is told. */
const begin = (connections: Connections, socket: FakeSocket) => connections.began(asSocket(socket))

function strangers(connections: Connections, count: number): FakeSocket[] {
  return Array.from({ length: count }, (_, index) => open(connections, `198.51.100.${index}`)[0]).flatMap(
    (socket) => socket ?? [],
  )
}

describe("connections", () => {
  it("that are idle make room for new ones, the longest idle first", () => {
    const connections = connectionsWith(3)
    const [first, second, third] = strangers(connections, 3)
    now = 5000
    if (first === undefined) throw new Error("three were opened")
    begin(connections, first)
    connections.ended(asSocket(first))
    now = 7000
    const [fourth] = open(connections, "203.0.113.1")
    expect([first, second, third].map((socket) => socket?.isGone)).toEqual([false, true, false])
    if (fourth === undefined) throw new Error("one was opened")
    expect(begin(connections, fourth)).toBeNull()
    expect(told).toEqual(["connections"])
  })

  it("that came just now are not taken for idle: their request may be on its way", () => {
    const connections = connectionsWith(2)
    const early = strangers(connections, 2)
    const [late] = open(connections, "203.0.113.1")
    expect(early.some(({ isGone }) => isGone)).toBe(false)
    if (late === undefined) throw new Error("one was opened")
    expect(begin(connections, late)).toBe("all")
    for (const socket of early) expect(begin(connections, socket)).toBeNull()
  })

  it("that have a request are never closed for others: a new one is told that there is no room", () => {
    const connections = connectionsWith(2)
    const busy = strangers(connections, 2)
    for (const socket of busy) begin(connections, socket)
    now = 60_000
    const [late] = open(connections, "203.0.113.1")
    if (late === undefined) throw new Error("one was opened")
    expect(begin(connections, late)).toBe("all")
    connections.ended(asSocket(late))
    busy[0]?.destroy()
    expect(begin(connections, late)).toBeNull()
  })

  it("of one address leave half for all others, and the longest idle of its own goes first", () => {
    const connections = connectionsWith(8)
    const own = open(connections, "203.0.113.1", 4)
    const [stranger] = open(connections, "198.51.100.1")
    now = 2000
    const [fifth] = open(connections, "203.0.113.1")
    expect(own.map(({ isGone }) => isGone)).toEqual([true, false, false, false])
    expect(stranger?.isGone).toBe(false)
    for (const socket of [...own.slice(1), fifth]) if (socket !== undefined) begin(connections, socket)
    const [sixth] = open(connections, "203.0.113.1")
    if (sixth === undefined) throw new Error("one was opened")
    expect(begin(connections, sixth)).toBe("address")
  })

  it("of one IPv6 network are those of one address", () => {
    const connections = connectionsWith(4)
    const own = ["2001:db8::1", "2001:db8::2", "2001:db8::3"].flatMap((address) => open(connections, address))
    for (const socket of own.slice(0, 2)) begin(connections, socket)
    const third = own[2]
    if (third === undefined) throw new Error("three were opened")
    expect(begin(connections, third)).toBe("address")
  })

  it("of a configured proxy and of this machine are in nobody's share, and this machine has some to itself", () => {
    const connections = connectionsWith(4, 100, "10.0.0.1")
    for (const socket of open(connections, "10.0.0.1", 4)) expect(begin(connections, socket)).toBeNull()
    const [stranger] = open(connections, "203.0.113.1")
    const [own] = open(connections, "127.0.0.1")
    if (stranger === undefined || own === undefined) throw new Error("two were opened")
    expect(begin(connections, stranger)).toBe("all")
    expect(begin(connections, own)).toBeNull()
  })

  it("beyond what may be open at all are not even read, and one that waited without a word goes first", () => {
    const connections = connectionsWith(1, 2)
    const [busy] = open(connections, "203.0.113.1")
    if (busy === undefined) throw new Error("one was opened")
    begin(connections, busy)
    const [silent] = open(connections, "203.0.113.2")
    expect(connections.opened(asSocket(new FakeSocket("203.0.113.3")))).toBe(false)
    now = 1500
    open(connections, "203.0.113.4")
    expect(silent?.isGone).toBe(true)
    expect(connections.size).toBe(2)
  })
})
