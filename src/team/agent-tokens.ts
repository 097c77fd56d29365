import type { AgentKey } from "../domain/agents.ts"
import { Credentials, newToken } from "../domain/credentials.ts"

const prefix = "aap-agent-"
const bearerPattern = /^bearer +(aap-agent-[\w-]+) *$/i

/**
 * One token for each agent, made anew with each start and kept in memory only. Its CLI has it in
 * its environment, and with it every command that its model thinks of: it opens `/agent-reply` and
 * nothing else.
 */
export class AgentTokens {
  readonly #byAgent = new Map<string, { readonly identity: string; readonly token: string }>()
  readonly #agents = new Credentials<string>()

  /** Where another agent had the name before, its token opens nothing any more. */
  tokenOf({ id: agentId, identity }: AgentKey): string {
    const known = this.#byAgent.get(agentId)
    if (known?.identity === identity) return known.token
    if (known !== undefined) this.#agents.remove(known.token)
    const token = newToken(prefix)
    this.#byAgent.set(agentId, { identity, token })
    this.#agents.add(token, agentId)
    return token
  }

  /** The agent of an `Authorization` header. */
  agentOf(authorization: string | undefined): string | null {
    const token = bearerPattern.exec(authorization ?? "")?.[1]
    return token === undefined ? null : this.#agents.ownerOf(token)
  }
}

/** Has the form of an agent's token, right or wrong: no client's key is taken for one. */
export function hasTokenForm(authorization: string | undefined): boolean {
  return bearerPattern.test(authorization ?? "")
}
