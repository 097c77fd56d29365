import { Credentials, newToken } from "../domain/credentials.ts"
import { ProxyError } from "../domain/errors.ts"
import type { FunctionTool } from "../domain/items.ts"
import type { ToolCall, ToolChannel, ToolEndpoint } from "../domain/tool-endpoint.ts"
import { OpenChannel } from "./open-channel.ts"

const prefix = "aap-thread-"
const bearerPattern = /^bearer +(aap-thread-[\w-]+) *$/i

/** All open channels. Tokens live in memory: nothing is left of them after thread or restart. */
export class ToolChannels implements ToolEndpoint {
  readonly #channels = new Credentials<OpenChannel>()
  readonly #url: Promise<string>
  #setUrl: (url: string) => void = () => {}
  #isStopped = false

  constructor() {
    this.#url = new Promise((resolve) => {
      this.#setUrl = resolve
    })
  }

  /** To be called once the endpoint can be reached, with its address on this machine. */
  listening(url: string): void {
    this.#setUrl(url)
  }

  async open(tools: readonly FunctionTool[], onCall: (call: ToolCall) => void): Promise<ToolChannel> {
    const url = await this.#url
    if (this.#isStopped) throw new ProxyError("agent_stopped", "The service is stopping.")
    const token = newToken(prefix)
    const channel = new OpenChannel(tools, onCall)
    this.#channels.add(token, channel)
    return {
      url,
      headers: { authorization: `Bearer ${token}` },
      setTools: (changed, timeoutMs) => channel.setTools(changed, timeoutMs),
      close: () => {
        this.#channels.remove(token)
        channel.close()
      },
    }
  }

  /** The channel of an `Authorization` header. */
  find(authorization: string | undefined): OpenChannel | null {
    const token = bearerPattern.exec(authorization ?? "")?.[1]
    return token === undefined ? null : this.#channels.ownerOf(token)
  }

  /** Ends all channels and opens no more. Safe twice. */
  stop(): void {
    this.#isStopped = true
    this.#setUrl("")
    for (const channel of this.#channels.owners()) channel.close()
    this.#channels.clear()
  }
}

/** True for what has the form of a thread's token, right or wrong. */
export function hasThreadTokenForm(authorization: string | undefined): boolean {
  return bearerPattern.test(authorization ?? "")
}
