import { ProxyError } from "../../domain/errors.ts"
import type { TurnError } from "../../domain/turn-events.ts"
import { httpStatus, modelFailure } from "../model-failure.ts"
import { RpcError } from "../rpc-client.ts"
import { turnErrorOfThrown } from "../start-error.ts"
import type { AcpCli } from "./acp-clis.ts"

/** The protocol's code for "log in first". */
const authRequired = -32_000

/** The program wants a log-in before it does anything. */
export function isAuthError(error: unknown): boolean {
  return error instanceof RpcError && error.code === authRequired
}

/** Programs have no code for it, but all say it in much the same words. */
export function isSessionLost(error: unknown): boolean {
  const cause = error instanceof ProxyError ? error.cause : error
  if (!(cause instanceof RpcError)) return false
  const words = `${saidIn(cause)} ${textOfDetails(cause.details)}`
  return /\b(?:no such|unknown) session\b|\bsession\b[^\n]{0,100}\b(?:not found|does not exist)\b/i.test(
    words,
  )
}

/** Why a prompt failed. Programs tell the status of the model server as the code, in the data, or in words. */
export function turnErrorOfPrompt(error: unknown, cli: AcpCli): TurnError {
  const cause = error instanceof ProxyError ? error.cause : error
  if (!(cause instanceof RpcError)) return turnErrorOfThrown(error)
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
function saidIn({ message }: RpcError): string {
  return message.replace(/^[\w/]+: (?:Internal error: )?/, "")
}

function textOfDetails(details: unknown): string {
  if (typeof details === "string") return details
  if (typeof details !== "object" || details === null) return ""
  const fields = details as Readonly<Record<string, unknown>> // an object, see above
  const text = fields.details ?? fields.message ?? fields.errorMessage
  if (typeof text === "string") return text
  // opencode's name for the kind of its error says nothing to a reader.
  return "errorName" in fields ? "" : JSON.stringify(details).slice(0, 2_000)
}
