import { once } from "node:events"
import { request } from "node:http"
import { WebSocket } from "ws"
import { type CallResult, httpCall, jsonOf } from "../../faults/support/http-call.ts"
import { waitFor } from "../../support/wait-for.ts"
import { equal, includes } from "../support/expect.ts"
import type { ScriptedService } from "../support/scripted-service.ts"

const callLimitMs = 200_000

/** A proxy that runs, and what its clients get. Each method says in words what it saw; throws where that is none of the known. */
export class OpenProxy {
  readonly #port: number
  readonly #service: ScriptedService
  readonly #key: string
  /** Ends the proxy. Safe twice. */
  readonly end: () => void
  #marks = 0

  constructor(port: number, service: ScriptedService, key: string, end: () => void) {
    this.#port = port
    this.#service = service
    this.#key = key
    this.end = end
  }

  /** Of thirty words, a tenth of a second apart. */
  async words(): Promise<string> {
    let pieces = 0
    const { end, text } = await this.#chat("[[slow:30]]", {
      stream: true,
      onText: (piece) => {
        if (piece.includes('"content":"')) pieces += 1
      },
    })
    equal(end, "whole")
    includes(text, "30", "the last word")
    return pieces >= 8 ? "one by one" : "in a lump"
  }

  async webSocket(prefix = ""): Promise<string> {
    const socket = new WebSocket(`ws://127.0.0.1:${this.#port}${prefix}/v1/responses`, {
      headers: { authorization: `Bearer ${this.#key}` },
    })
    try {
      const refused = once(socket, "unexpected-response").then(async ([, answer]) => {
        let text = ""
        for await (const piece of answer) text += piece
        equal(answer.statusCode, 426, text)
        includes(text, "proxy_set_header Upgrade $http_upgrade")
        return "is told what to set"
      })
      const worked = new Promise<string>((resolve, reject) => {
        socket.on("open", () => {
          socket.send(JSON.stringify({ type: "response.create", input: "[[say:Over a socket.]]" }))
        })
        socket.on("message", (message) => {
          const { type } = JSON.parse(String(message))
          if (type === "response.completed") resolve("works")
          if (type === "response.failed" || type === "error") reject(new Error(String(message)))
        })
        socket.on("error", reject)
        socket.on("close", (code) => reject(new Error(`closed with ${code}`)))
      })
      return await Promise.race([refused, worked])
    } finally {
      socket.terminate()
    }
  }

  async largeBody(): Promise<string> {
    const form = new FormData()
    form.set("purpose", "user_data")
    form.set("file", new Blob([new Uint8Array(5_000_000)]), "large.bin")
    const answer = await fetch(`http://127.0.0.1:${this.#port}/v1/files`, {
      method: "POST",
      body: form,
      headers: { authorization: `Bearer ${this.#key}` },
    })
    const text = await answer.text()
    if (answer.status === 413) return "is refused with 413"
    equal(answer.status, 200, text)
    equal(JSON.parse(text).bytes, 5_000_000)
    return "is taken"
  }

  /** A whole answer, silent for so long that the proxy would have given it up. */
  async longWork(seconds: number): Promise<void> {
    const mark = this.#mark()
    const { end, status, text } = await this.#chat(
      `[[shell:sleep ${seconds}]][[then]]${this.#service.command(mark)}[[say:It is done.]]`,
    )
    equal({ end, status }, { end: "whole", status: 200 }, text)
    includes(text, "It is done.")
    equal(this.#service.ran(mark), 1)
  }

  async hangUp(withinMs: number): Promise<string> {
    const { model } = this.#service
    const mark = this.#mark()
    const asked = model.requests.length
    const since = Date.now()
    const outgoing = request({
      host: "127.0.0.1",
      port: this.#port,
      method: "POST",
      path: "/v1/chat/completions",
      agent: false,
      headers: { "content-type": "application/json", authorization: `Bearer ${this.#key}` },
    })
    outgoing.on("error", () => {})
    const message = `[[shell:sleep 60]][[then]]${this.#service.command(mark)}`
    outgoing.end(JSON.stringify({ model: "manager", messages: [{ role: "user", content: message }] }))
    await waitFor(() => model.requests.length > asked, { what: "the agent to begin" })
    const leftAt = performance.now()
    outgoing.destroy()
    const isCancelled = () => this.#service.ends(since).includes("cancelled")
    const what = "the turn to end"
    const isNoticed = await waitFor(isCancelled, { what, timeoutMs: withinMs, intervalMs: 100 }).catch(
      () => false,
    )
    console.log(
      `     (${isNoticed ? `noticed after ${Math.round((performance.now() - leftAt) / 100) / 10} s` : "not noticed"})`,
    )
    // Nothing of it is left for the next check.
    const isOver = () => isCancelled() || this.#service.ran(mark) > 0
    await waitFor(isOver, { what, timeoutMs: 120_000, intervalMs: 200 })
    if (isNoticed) equal(this.#service.ran(mark), 0)
    return isNoticed ? "is noticed" : "is not noticed"
  }

  async failedStream(): Promise<string> {
    const { end, text } = await this.#chat("[[shell:true]][[failed:server_error]]", { stream: true })
    includes(text, '"error"')
    return end === "cut" ? "is broken" : "ends as if it were whole"
  }

  /** Ends the service for good. */
  async killed(): Promise<string> {
    const { end } = await this.#chat("[[slow:600]]", {
      stream: true,
      onText: (piece) => {
        if (piece.includes('"content":"')) void this.#service.kill()
      },
    })
    return end === "cut" ? "is broken" : "ends as if it were whole"
  }

  async prefix(prefix: string): Promise<void> {
    const page = await this.#get(`${prefix}/`)
    equal(page.status, 200, page.text)
    const links = [...page.text.matchAll(/<a href="([^"]*)"/g)].map(([, href = ""]) => href)
    equal(links, ["health", "ready"])
    for (const link of links) equal((await this.#get(`${prefix}/${link}`)).status, 200)
    equal((await this.#get(`${prefix}/v1/models`)).status, 200)
    equal(await this.webSocket(prefix), "works")
  }

  /** Asked under a public name, and under names that look like this machine's. */
  async withoutKey(): Promise<string> {
    const served: string[] = []
    for (const host of ["agents.example.org", "127.0.0.1:7011", "localhost"]) {
      const answers = await Promise.all(["/v1/models", "/"].map((path) => this.#get(path, { host })))
      for (const answer of answers) {
        if (answer.status === 200) served.push(host)
        else {
          equal(answer.status, 403, `${host} ${answer.text}`)
          includes(JSON.stringify(jsonOf(answer)?.error), "Configure an API key")
        }
      }
    }
    if (served.includes("agents.example.org")) return "serves"
    return served.length === 0 ? "refuses" : "refuses, but who makes the name up"
  }

  #mark(): string {
    this.#marks += 1
    return `mark-${this.#port}-${this.#marks}`
  }

  #get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<CallResult> {
    return httpCall({ port: this.#port, method: "GET", path, key: this.#key, headers, timeoutMs: 10_000 })
  }

  #chat(
    content: string,
    { stream = false, onText }: { readonly stream?: boolean; readonly onText?: (text: string) => void } = {},
  ): Promise<CallResult> {
    return httpCall({
      port: this.#port,
      method: "POST",
      path: "/v1/chat/completions",
      key: this.#key,
      body: { model: "manager", stream, messages: [{ role: "user", content }] },
      timeoutMs: callLimitMs,
      ...(onText !== undefined && { onText }),
    })
  }
}
