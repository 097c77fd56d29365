import { ProxyError } from "../../domain/errors.ts"
import type { TurnError } from "../../domain/turn-events.ts"
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
  const words = `${cause.message} ${textOfDetails(cause.details)}`
  return /\b(?:no such|unknown) session\b|\bsession\b[^\n]{0,100}\b(?:not found|does not exist)\b/i.test(
    words,
  )
}

/** Why a prompt failed. Programs tell the status of the model server as the code, in the data, or in words. */
export function turnErrorOfPrompt(error: unknown, cli: AcpCli): TurnError {
  const cause = error instanceof ProxyError ? error.cause : error
  if (!(cause instanceof RpcError)) return turnErrorOfThrown(error)
  const details = textOfDetails(cause.details)
  const told = cause.message.replace(/^session\/prompt: (?:Internal error: )?/, "")
  const message = details === "" || told.includes(details) ? told : `${told}: ${details}`
  return modelError(message, httpStatus(cause.code) ?? (isAuthError(cause) ? 401 : null), cli)
}

/** For an error that is told as the answer, or in the place of one. */
export function modelError(message: string, status: number | null, cli: AcpCli): TurnError {
  const modelStatus = status ?? statusInText(message)
  const text = message.trim().replace(/^Error:\s*/, "")
  return {
    code: "model_error",
    message: modelStatus === 401 ? `${text.replace(/[.\s]+$/, "")}. ${cli.loginStep}` : text,
    modelStatus,
  }
}

function statusInText(text: string): number | null {
  const match =
    /\b(?:HTTP|status(?: code)?|code|statusCode)\b["':= ]*(\d{3})\b/i.exec(text) ??
    /\berror:? (\d{3})\b/i.exec(text) ??
    /^(?:Error:\s*)?(\d{3})\b/.exec(text.trim())
  return httpStatus(Number(match?.[1]))
}

function httpStatus(value: number): number | null {
  return Number.isInteger(value) && value >= 400 && value < 600 ? value : null
}

function textOfDetails(details: unknown): string {
  if (typeof details === "string") return details
  if (typeof details !== "object" || details === null) return ""
  const fields = details as Readonly<Record<string, unknown>> // an object, see above
  const text = fields.details ?? fields.message ?? fields.errorMessage ?? fields.errorName
  return typeof text === "string" ? text : JSON.stringify(details).slice(0, 2_000)
}
