#!/usr/bin/env bash
# ai 7.0.173 with @ai-sdk/openai 4.0.118, Responses API, streamed: what it does with an error that comes inside a stream of status 200.
#
# Guessed: requests are repeated for HTTP failures only (status 408, 409, 429, 5xx, no connection). Once the head with status 200 and
# `response.created` is there, an `error` event ends the stream: one POST, and an error part for the caller.
# Seen: an `error` event in front of the first item has the whole request sent again, twice, three POSTs in all, whenever the SDK
# does not know its code; the caller is told a status 500 that no server sent. With a code that has `invalid` in it, and behind the first
# item whatever the code is, there is one POST. The same holds for a `response.failed` without an `error` event before it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --ignore-scripts --silent ai@7.0.173 @ai-sdk/openai@4.0.118
cat >run.mjs <<'JS'
import { deepEqual } from "node:assert/strict"
import { createServer } from "node:http"
import { createOpenAI } from "@ai-sdk/openai"
import { streamText } from "ai"

const response = { id: "resp_1", object: "response", created_at: 1, model: "m", output: [], status: "in_progress" }
const created = { type: "response.created", response }
const item = { id: "msg_1", type: "message", role: "assistant", status: "in_progress", content: [] }
const added = { type: "response.output_item.added", output_index: 0, item }
const error = (code) => ({ type: "error", code, message: "The tool shed is closed.", param: null })
const failed = (code) => ({
  type: "response.failed",
  response: { ...response, status: "failed", error: { code, message: "The tool shed is closed." } },
})

/** Serves these events to each request; how many came, and what the caller was told. */
async function asked(...events) {
  let posts = 0
  const server = createServer(async (request, answer) => {
    await request.toArray()
    posts += 1
    answer.writeHead(200, { "content-type": "text/event-stream" })
    events.forEach((event, index) => {
      answer.write(`data: ${JSON.stringify({ ...event, sequence_number: index })}\n\n`)
    })
    answer.end()
  })
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve))
  const openai = createOpenAI({ baseURL: `http://127.0.0.1:${server.address().port}/v1`, apiKey: "none" })
  const told = []
  const result = streamText({
    model: openai.responses("m"),
    prompt: "Hi.",
    onError: ({ error: thrown }) => void told.push(`${thrown.name ?? thrown.type} ${(thrown.lastError ?? thrown).statusCode ?? "-"}`),
  })
  await result.consumeStream({ onError: () => {} })
  server.closeAllConnections()
  server.close()
  return { posts, told }
}

const seen = {
  "error, unknown code, before the first item": await asked(created, error("tool_shed_closed")),
  "response.failed, unknown code, before the first item": await asked(created, failed("tool_shed_closed")),
  "error, code with `invalid`, before the first item": await asked(created, error("invalid_prompt")),
  "error, unknown code, behind the first item": await asked(created, added, error("tool_shed_closed")),
}
for (const [what, { posts, told }] of Object.entries(seen)) console.log(`${what}: ${posts} POSTs; told: ${told}`)
deepEqual(Object.values(seen).map(({ posts }) => posts), [3, 3, 1, 1])
JS
node run.mjs
