import { randomBytes } from "node:crypto"

/**
 * Where a file is written that takes the place of `path` in one step. The name says who writes it: what a killed process has left
 * is told by that from what somebody is writing.
 */
export function temporaryOf(path: string): string {
  return `${path}.${process.pid}.${randomBytes(6).toString("hex")}.tmp`
}

/** The process that wrote a file of such a name; 0: earlier releases did not say. Null: it is none of these. */
export function writerOf(name: string): number | null {
  const found = temporaryName.exec(name)
  return found === null ? null : Number(found[1] ?? 0)
}

/** The process, where it is said, and random digits: twelve, or a UUID of earlier releases. */
const temporaryName =
  /^.+?(?:\.(\d{1,10}))?\.(?:[0-9a-f]{12}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.tmp$/
