import { ProxyError, type TurnError } from "../../domain/errors.ts"
import { turnErrorOfThrown } from "../kit/process/start-error.ts"
import { fieldsIn } from "../kit/rpc/json-noise.ts"
import { RpcRefusedError } from "../kit/rpc/rpc-client.ts"
import { type CutReason, httpStatus, modelFailure } from "../kit/turn/model-failure.ts"
import type { AcpCli } from "./clis.ts"

/** The protocol's code for "log in first". */
const authRequired = -32_000

/** The program wants a log-in before it does anything. */
export function isAuthError(error: unknown): boolean {
  return error instanceof RpcRefusedError && error.code === authRequired
}

/** Programs have no code for it, but all say it in much the same words. */
export function isSessionLost(error: unknown): boolean {
  const cause = error instanceof ProxyError ? error.cause : error
  if (!(cause instanceof RpcRefusedError)) return false
  const words = `${saidIn(cause)} ${textOfDetails(cause.details)}`
  return /\b(?:no such|unknown) session\b|\bsession\b[^\n]{0,100}\b(?:not found|does not exist)\b/i.test(
    words,
  )
}

/** Why a prompt failed: the model server's status is the code, in the data, or in words. */
export function turnErrorOfPrompt(error: unknown, cli: AcpCli): TurnError {
  const cause = error instanceof ProxyError ? error.cause : error
  if (!(cause instanceof RpcRefusedError)) return turnErrorOfThrown(error)
  const details = textOfDetails(cause.details)
  const told = saidIn(cause)
  const message = details === "" || told.includes(details) ? told : `${told}: ${details}`
  return modelError(message, httpStatus(cause.code) ?? (isAuthError(cause) ? 401 : null), cli)
}

/** For an error that is told as the answer, or in the place of one. */
export function modelError(message: string, status: number | null, cli: AcpCli): TurnError {
  const text = message.trim().replace(/^Error:\s*/, "")
  return modelFailure({ message: text, status, loginStep: cli.loginStep }, cli.failureWords)
}

/** Without the name of our request, which has the word session in it. */
function saidIn({ message }: RpcRefusedError): string {
  return message.replace(/^[\w/]+: (?:Internal error: )?/, "")
}

function textOfDetails(details: unknown): string {
  if (typeof details === "string") return details
  const fields = fieldsIn(details)
  const text = fields.details ?? fields.message ?? fields.errorMessage
  if (typeof text === "string") return text
  // opencode's name for the kind of its error says nothing to a reader.
  if ("errorName" in fields || typeof details !== "object" || details === null) return ""
  return JSON.stringify(details).slice(0, 2_000)
}

/** Stop reasons with which what was said stands; null: as the whole answer. Others fail. */
export const acpReasons: Readonly<Record<string, CutReason | null>> = {
  end_turn: null,
  max_tokens: "max_output_tokens",
  refusal: "content_filter",
}

/** A session cannot get at its model for now. */
export interface Trouble {
  readonly sessionId: string
  /** In words for the person. */
  readonly message: string
  /** In the words of the model server, or of the way to it. */
  readonly reason: string
}

/**
 * opencode asks a model server that answers 429 or 5xx five more times, after pauses that grow, or
 * as long as the server wants it to wait, which may be hours. The protocol does not tell so, its
 * log does: `level=ERROR message="stream error" session.id=ses_1 small=false
 * error.error="AI_APICallError: Rate limit reached"`
 */
export function openCodeTrouble(line: string): Trouble | null {
  // `small`: the model for titles, which is no part of the turn.
  if (fieldOf(line, "message") !== "stream error" || fieldOf(line, "small") === "true") return null
  const sessionId = fieldOf(line, "session.id")
  if (sessionId === null) return null
  const reason = (fieldOf(line, "error.error") ?? "no reason told").replace(/^\w*Error: /, "")
  const message = `opencode cannot get at its model (${reason.slice(0, 160)}) and tries again`
  return { sessionId, message, reason }
}

function fieldOf(line: string, name: string): string | null {
  const match = new RegExp(`(?:^|\\s)${name.replaceAll(".", "\\.")}=("(?:[^"\\\\]|\\\\.)*"|\\S+)`).exec(line)
  const value = match?.[1]
  if (value === undefined) return null
  return value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, "$1") : value
}
