import type { ClientRequest } from "../../domain/turn-request.ts"

/** A request as its endpoint read it. The session key comes from a header, which is not the body's business. */
export interface ParsedRequest {
  readonly turn: Omit<ClientRequest, "sessionKey" | "resendsHistory">
  readonly stream: boolean
  /** Chat only: the last chunk carries the usage. */
  readonly includeUsage: boolean
  /** See `FunctionFields`. */
  readonly declaredServers: readonly string[]
  /** Names of the parameters that were accepted without effect on the agent. */
  readonly advisory: readonly string[]
}

/** `model` of a request without one: it is addressed to nobody else, so the manager gets it. */
export const defaultModel = "manager"
