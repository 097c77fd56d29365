/**
 * C, the ceiling: the thinnest service that one could write over the same agent. No routing, validation, store, auth or
 * log; but it honours back-pressure and writes what came in one read in one go. Arguments: port, executable, folder.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { AppServerClient } from "./app-server-client.ts"

const [port = "0", executable = "codex", cwd = "."] = process.argv.slice(2)
const agent = new AppServerClient(executable, cwd, process.env)
const ready = agent.initialize()

/** Frames of the read that is being handled, by response. */
const pending = new Map<ServerResponse, string>()
const slow = new Set<ServerResponse>()

agent.onReadDone = () => {
  for (const [response, text] of pending) {
    if (response.destroyed || response.write(text)) continue
    slow.add(response)
    agent.pause()
    const settle = (): void => {
      response.off("drain", settle)
      response.off("close", settle)
      slow.delete(response)
      if (slow.size === 0) agent.resume()
    }
    response.on("drain", settle)
    response.on("close", settle)
  }
  pending.clear()
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const { input } = JSON.parse(Buffer.concat(chunks).toString("utf8"))
  await ready
  const threadId = await agent.startThread(cwd)
  response.writeHead(200, { "content-type": "text/event-stream" })
  const frame = (type: string, fields: string): void => {
    pending.set(
      response,
      `${pending.get(response) ?? ""}event: ${type}\ndata: {"type":"${type}",${fields}}\n\n`,
    )
  }
  let sequence = 0
  await agent.startTurn(threadId, String(input), (method, params) => {
    if (method === "item/agentMessage/delta") {
      const place = `"item_id":"msg_1","output_index":0,"content_index":0`
      const delta = JSON.stringify(params.delta)
      frame(
        "response.output_text.delta",
        `${place},"delta":${delta},"logprobs":[],"sequence_number":${sequence++}`,
      )
    } else if (method === "turn/completed") {
      frame("response.completed", `"sequence_number":${sequence++}`)
      const last = pending.get(response)
      pending.delete(response)
      response.end(`${last}data: [DONE]\n\n`)
    }
  })
}

const server = createServer((request, response) => {
  if (request.method === "POST") answer(request, response).catch((error: Error) => response.destroy(error))
  else response.end('{"status":"ok"}')
})
server.keepAliveTimeout = 65_000
server.listen(Number(port), "127.0.0.1")

process.on("SIGTERM", () => {
  agent.stop()
  process.exit(0)
})
