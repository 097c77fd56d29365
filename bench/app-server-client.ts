import { type ChildProcess, spawn } from "node:child_process"

type Fields = Readonly<Record<string, unknown>>

/** Called with every notification of one turn, in order. */
export type TurnListener = (method: string, params: Fields) => void

/**
 * The least that one can do to talk to an app-server: the bare service and the raw measurements stand on it, so that both
 * cost the same on this side.
 */
export class AppServerClient {
  readonly child: ChildProcess
  readonly #answers = new Map<number, (result: Fields) => void>()
  readonly #turns = new Map<string, TurnListener>()
  readonly #functions: readonly Fields[]
  /** Called when everything of one read was handed out. */
  onReadDone: () => void = () => {}
  #nextId = 0
  #rest = ""

  /** `functions`: offered in every thread, as `dynamicTools`; each call gets an empty result at once. */
  constructor(executable: string, cwd: string, env: NodeJS.ProcessEnv, functions: readonly Fields[] = []) {
    this.#functions = functions
    this.child = spawn(executable, ["app-server"], { cwd, env, stdio: ["pipe", "pipe", "ignore"] })
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => this.#read(text))
  }

  async initialize(): Promise<void> {
    await this.#request("initialize", {
      clientInfo: { name: "bench", title: "bench", version: "1" },
      capabilities: { experimentalApi: true, requestAttestation: false },
    })
    this.#send({ method: "initialized" })
  }

  async startThread(cwd: string): Promise<string> {
    const { thread } = await this.#request("thread/start", {
      cwd,
      approvalPolicy: "never",
      sandbox: "danger-full-access",
      ...(this.#functions.length === 0 ? {} : { dynamicTools: this.#functions }),
    })
    return (thread as { readonly id: string }).id // as every app-server answers
  }

  /** Starts a turn and hands its notifications out; the caller waits for `turn/completed`. */
  async startTurn(threadId: string, text: string, listener: TurnListener): Promise<void> {
    this.#turns.set(threadId, listener)
    await this.#request("turn/start", { threadId, input: [{ type: "text", text, text_elements: [] }] })
  }

  /** A new thread with one turn in it: what a request that names no conversation costs. */
  async runTurn(cwd: string, text: string): Promise<void> {
    const threadId = await this.startThread(cwd)
    await new Promise<void>((resolve, reject) => {
      this.startTurn(threadId, text, (method) => {
        if (method === "turn/completed") resolve()
      }).catch(reject)
    })
  }

  /** Back-pressure for the agent itself. */
  pause(): void {
    this.child.stdout?.pause()
  }

  resume(): void {
    this.child.stdout?.resume()
  }

  stop(): void {
    this.child.stdin?.end()
  }

  #read(text: string): void {
    const whole = this.#rest + text
    let start = 0
    for (let end = whole.indexOf("\n"); end !== -1; end = whole.indexOf("\n", start)) {
      this.#receive(whole.slice(start, end))
      start = end + 1
    }
    this.#rest = whole.slice(start)
    this.onReadDone()
  }

  #receive(line: string): void {
    const message: { id?: number; method?: string; params?: Fields; result?: Fields } = JSON.parse(line)
    if (message.method === undefined) {
      const answer = this.#answers.get(message.id ?? -1)
      this.#answers.delete(message.id ?? -1)
      answer?.(message.result ?? {})
      return
    }
    const params = message.params ?? {}
    if (message.method === "item/tool/call") {
      const contentItems = [{ type: "inputText", text: "4" }]
      this.#send({ id: message.id, result: { contentItems, success: true } })
      return
    }
    const threadId = String(params.threadId)
    this.#turns.get(threadId)?.(message.method, params)
    if (message.method === "turn/completed") this.#turns.delete(threadId)
  }

  #request(method: string, params: Fields): Promise<Fields> {
    const id = this.#nextId++
    return new Promise((resolve) => {
      this.#answers.set(id, resolve)
      this.#send({ id, method, params })
    })
  }

  #send(message: unknown): void {
    this.child.stdin?.write(`${JSON.stringify(message)}\n`)
  }
}
