import type { Program } from "../support/program.ts"

/** What a proxy is started for. */
export interface Place {
  /** Empty, of this proxy alone. */
  readonly folder: string
  /** Where Debian's packages were unpacked. */
  readonly root: string
  /** On 127.0.0.1, where the proxy is to listen. */
  readonly listen: number
  /** On 127.0.0.1, where the service is. */
  readonly service: number
  /** In place of its own limits of time (50 to 60 s), so that nobody has to wait for them; null: its own. */
  readonly limitSeconds: number | null
}

/** How a proxy is set. */
export const settings = ["plain", "documented", "prefix"] as const

/** `plain`: nothing but where the service is. `documented`: as docs/reverse-proxies.md says; `prefix`: so, below `/agents/`. */
export type Setting = (typeof settings)[number]

type StreamEnd = "is broken" | "ends as if it were whole"

/** Outcomes of the checks that are not the same everywhere. */
export interface Outcomes {
  /** Of a stream, as the client sees them. */
  readonly words: "one by one" | "in a lump"
  readonly webSocket: "works" | "is told what to set"
  /** A body of 5 MB. */
  readonly body: "is taken" | "is refused with 413"
  /** That the client of a whole answer has gone. */
  readonly hangUp: "is noticed" | "is not noticed"
  /** A stream that the service breaks off, by a reset. */
  readonly failed: StreamEnd
  /** A stream whose service is killed. */
  readonly killed: StreamEnd
  /** A service without a key: it tells a proxy by its signs; where there are none, by the host that the client named. */
  readonly withoutKey: "refuses" | "refuses, but who makes the name up"
}

export interface ReverseProxy {
  readonly name: string
  /** Of Debian's packages; absent: given by whoever makes it. */
  readonly package?: string
  readonly expected: Readonly<Record<Exclude<Setting, "prefix">, Outcomes>>
  /** Its configuration with what belongs around it, and the command that runs it in the foreground. */
  prepare(place: Place, setting: Setting): Promise<Program>
}
