import { messageOf, ProxyError } from "./errors.ts"

/** What the system's codes of a failed call mean for a person. Every refusal is made of it. */
const problems: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota of this user is used up",
  EFBIG: "the file would be larger than this process, or the file system, may have it",
  EROFS: "the file system is read-only",
  EACCES: "no permission",
  EPERM: "no permission",
  EMFILE: "this process has as many files open as it may",
  ENFILE: "the machine has as many files open as it can",
  EIO: "the disk does not take or give any data",
  ESTALE: "the network file system has lost it",
  ENOENT: "it, or the folder that it belongs in, is not there (any more)",
  ENOTDIR: "something on its path is not a folder",
  EISDIR: "there is a folder of that name",
  ELOOP: "there is a symbolic link in its path",
}

/** A fault of the disk or the machine wherever they come from; others depend on the call. */
const ofTheMachine = new Set(["ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EMFILE", "ENFILE", "EIO", "ESTALE"])

/** In words, without an end mark; the system's own where there are none better. */
export function fileProblemOf(error: unknown): string {
  return problems[systemCodeOf(error)] ?? messageOf(error)
}

/** The system's code of a failed call, e.g. `ENOSPC`; empty for anything else. */
export function systemCodeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : ""
  // Node's own begin with `ERR_`.
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code) ? code : ""
}

/**
 * `storage_failed` for a call on a file that failed, as a sentence: `WHAT: PROBLEM.` `what` says
 * what could not be done, for clients without a path of this machine. What is a `ProxyError`
 * already stays as it is.
 */
export function storageFailed(what: string, error: unknown, nextStep = ""): ProxyError {
  if (error instanceof ProxyError) return error
  const step = nextStep === "" ? "" : ` ${nextStep}`
  return new ProxyError("storage_failed", `${what}: ${fileProblemOf(error)}.${step}`, { cause: error })
}

/** For errors that nobody has foreseen; null: it is not the machine's. */
export function machineProblemOf(error: unknown): ProxyError | null {
  if (!ofTheMachine.has(systemCodeOf(error))) return null
  return storageFailed("This service cannot use its disk now", error, ownerMakesRoom)
}

/** The next step, where only the owner of the service can take it. */
export const ownerMakesRoom =
  "Its owner has to make room or mend the disk; it goes on by itself then. Send the request again."
