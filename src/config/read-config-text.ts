import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from "node:fs"
import { ConfigError } from "./config.ts"

/**
 * The reader for `resolveConfig`: null when there is no such file. A byte order mark is left out.
 * Throws `ConfigError` for what is there and cannot be read as text: a folder, a pipe, a link to
 * nothing, a file without rights, other bytes.
 */
export function readConfigText(path: string): string | null {
  const bytes = readBytes(path)
  return bytes === null ? null : decode(path, bytes)
}

function readBytes(path: string): Buffer | null {
  let file: number | null = null
  try {
    // Opening a pipe without a writer would wait for one.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    if (!fstatSync(file).isFile()) throw new ConfigError(path, null, `is not a file. ${nextStep}`)
    return readFileSync(file)
  } catch (error) {
    if (error instanceof ConfigError) throw error
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error"
    if (code === "ENOTDIR") return null
    if (code !== "ENOENT") {
      throw new ConfigError(
        path,
        null,
        `cannot be read (${code}); it must be a file that you may read`,
        error,
      )
    }
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return null
    throw new ConfigError(path, null, `is a link to something that is not there. ${nextStep}`, error)
  } finally {
    if (file !== null) closeSync(file)
  }
}

/** Also for bytes that were read in another way. Throws `ConfigError`, with `path` and line. */
export function decode(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch (error) {
    throw new ConfigError(`${path}:${lineOfBadByte(bytes)}`, null, `is not UTF-8 text. ${nextStep}`, error)
  }
}

const nextStep = "Put the file back as it was, or remove it to do without."

/** From 1. What is not UTF-8 becomes U+FFFD, which has other bytes than those that are there. */
function lineOfBadByte(bytes: Buffer): number {
  const read = Buffer.from(bytes.toString("utf8"), "utf8")
  let index = 0
  while (index < bytes.length && bytes[index] === read[index]) index += 1
  return bytes.subarray(0, index).toString("latin1").split("\n").length
}
