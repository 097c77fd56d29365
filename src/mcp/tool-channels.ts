import { createHash, randomBytes, timingSafeEqual } from "node:crypto"
import type { FunctionTool } from "../domain/backend.ts"
import { ProxyError } from "../domain/errors.ts"
import type { ToolCall, ToolChannel, ToolEndpoint } from "../domain/tool-endpoint.ts"
import { OpenChannel } from "./open-channel.ts"

const prefix = "aap-thread-"
const bearerPattern = /^bearer +(aap-thread-[\w-]+) *$/i

interface Entry {
  readonly digest: Buffer
  readonly channel: OpenChannel
}

/** All channels that are open. A token lives in memory only: nothing of it survives its thread or a restart. */
export class ToolChannels implements ToolEndpoint {
  readonly #channels = new Map<string, Entry>()
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
    const token = prefix + randomBytes(32).toString("base64url")
    const digest = digestOf(token)
    const key = digest.toString("hex")
    const channel = new OpenChannel(tools, onCall)
    this.#channels.set(key, { digest, channel })
    return {
      url,
      headers: { authorization: `Bearer ${token}` },
      setTools: (changed, timeoutMs) => channel.setTools(changed, timeoutMs),
      close: () => {
        this.#channels.delete(key)
        channel.close()
      },
    }
  }

  /** The channel of an `Authorization` header. Found by the digest, so that no time tells how much of a token is right. */
  find(authorization: string | undefined): OpenChannel | null {
    const token = bearerPattern.exec(authorization ?? "")?.[1]
    if (token === undefined) return null
    const digest = digestOf(token)
    const entry = this.#channels.get(digest.toString("hex"))
    return entry !== undefined && timingSafeEqual(entry.digest, digest) ? entry.channel : null
  }

  /** Ends all channels and opens no more. Safe twice. */
  stop(): void {
    this.#isStopped = true
    this.#setUrl("")
    for (const { channel } of this.#channels.values()) channel.close()
    this.#channels.clear()
  }
}

/** True for what has the form of a thread's token, right or wrong. */
export function hasThreadTokenForm(authorization: string | undefined): boolean {
  return bearerPattern.test(authorization ?? "")
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest()
}
