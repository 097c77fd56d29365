#!/usr/bin/env bash
# @ag-ui/client 1.0.0 and sse-starlette 3.7.0: line ends of an event stream. The format allows LF, CR LF and CR (HTML, 9.2.5).
#
# Guessed: all three are read alike, as by every EventSource.
# Seen: a stream whose lines end in CR LF fails at its first event ("Unexpected non-whitespace character after JSON"), though
# each event by itself is well-formed; comments that end in CR LF between events that end in LF pass.
# sse-starlette, by which most Python servers stream, ends its lines so by default; it needs `sep="\n"` for such a client.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --ignore-scripts --silent @ag-ui/client@1.0.0
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check sse-starlette==3.7.0
python/bin/python -c '
from sse_starlette.event import ServerSentEvent
event = ServerSentEvent(data="hello").encode()
print("sse-starlette writes", event)
assert event == b"data: hello\r\n\r\n", event
'
cat >run.mjs <<'JS'
import { equal, match } from "node:assert/strict"
import { createServer } from "node:http"
import { HttpAgent } from "@ag-ui/client"

const run = { threadId: "t", runId: "r" }
const lines = [
  { type: "RUN_STARTED", ...run },
  { type: "TEXT_MESSAGE_START", messageId: "m", role: "assistant" },
  { type: "TEXT_MESSAGE_CONTENT", messageId: "m", delta: "hello" },
  { type: "TEXT_MESSAGE_END", messageId: "m" },
  { type: "RUN_FINISHED", ...run },
].map((event) => `data: ${JSON.stringify(event)}`)

async function ended(body) {
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" })
    response.end(body)
  })
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve))
  const agent = new HttpAgent({ url: `http://127.0.0.1:${server.address().port}/`, threadId: "t" })
  const told = console.error
  console.error = () => {}
  try {
    const { newMessages } = await agent.runAgent({ runId: "r" })
    return newMessages[0]?.content ?? "nothing"
  } catch (error) {
    return error.message
  } finally {
    console.error = told
    server.close()
  }
}

const byEnd = {
  LF: await ended(lines.map((line) => `${line}\n\n`).join("")),
  "CR LF": await ended(lines.map((line) => `${line}\r\n\r\n`).join("")),
  "CR LF in comments only": await ended(lines.map((line) => `: ping\r\n\r\n${line}\n\n`).join("")),
}
console.log(byEnd)
equal(byEnd.LF, "hello")
equal(byEnd["CR LF in comments only"], "hello")
match(byEnd["CR LF"], /Unexpected non-whitespace character after JSON/)
console.log("as described")
JS
node run.mjs
