import { createHash, randomBytes, timingSafeEqual } from "node:crypto"
import type { AgentKey } from "../domain/agents.ts"

const prefix = "aap-agent-"
const bearerPattern = /^bearer +(aap-agent-[\w-]+) *$/i

/**
 * One token for each agent, made anew with each start and kept in memory only. Its CLI has it in its environment, and with
 * it every command that its model thinks of: it opens `/agent-reply` and nothing else.
 */
export class AgentTokens {
  readonly #byAgent = new Map<string, { readonly identity: string; readonly token: string }>()
  readonly #agents = new Map<string, { readonly agentId: string; readonly digest: Buffer }>()

  /** Where another agent had the name before, its token opens nothing any more. */
  tokenOf({ id: agentId, identity }: AgentKey): string {
    const known = this.#byAgent.get(agentId)
    if (known?.identity === identity) return known.token
    if (known !== undefined) this.#agents.delete(digestOf(known.token).toString("hex"))
    const token = prefix + randomBytes(32).toString("base64url")
    const digest = digestOf(token)
    this.#byAgent.set(agentId, { identity, token })
    this.#agents.set(digest.toString("hex"), { agentId, digest })
    return token
  }

  /** The agent of an `Authorization` header. Found by the digest, so that no time tells how much of a token is right. */
  agentOf(authorization: string | undefined): string | null {
    const token = bearerPattern.exec(authorization ?? "")?.[1]
    if (token === undefined) return null
    const digest = digestOf(token)
    const entry = this.#agents.get(digest.toString("hex"))
    return entry !== undefined && timingSafeEqual(entry.digest, digest) ? entry.agentId : null
  }
}

/** True for what has the form of an agent's token, right or wrong: no client's key is taken for one. */
export function hasTokenForm(authorization: string | undefined): boolean {
  return bearerPattern.test(authorization ?? "")
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest()
}
