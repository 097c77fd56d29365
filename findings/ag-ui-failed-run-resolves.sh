#!/usr/bin/env bash
# @ag-ui/client 1.0.0 (the client of the Agent-User Interaction protocol): which ends of a run its promise tells.
#
# Guessed: `runAgent()` rejects when the agent sends RUN_ERROR, and when the stream is cut before RUN_FINISHED.
# Seen: in both cases it resolves as after a good run, with the half answer among `newMessages`; the error is told to
# subscribers only (`onRunErrorEvent`), the cut to nobody. A step that was not closed, in contrast, rejects, and takes the
# whole answer out of `messages` that subscribers have been shown.
# And: the first example of the package's README passes `messages` to `runAgent()`. They are ignored: the agent gets none.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --ignore-scripts --silent @ag-ui/client@1.0.0
cat >run.mjs <<'JS'
import { deepEqual, equal, match } from "node:assert/strict"
import { createServer } from "node:http"
import { HttpAgent } from "@ag-ui/client"

const run = { threadId: "t", runId: "r" }
const started = { type: "RUN_STARTED", ...run }
const finished = { type: "RUN_FINISHED", ...run }
const message = [
  { type: "TEXT_MESSAGE_START", messageId: "m", role: "assistant" },
  { type: "TEXT_MESSAGE_CONTENT", messageId: "m", delta: "half an ans" },
  { type: "TEXT_MESSAGE_END", messageId: "m" },
]

/** Serves the events to one run and tells how its promise ended, what subscribers heard and what is kept. */
async function ended(events, parameters = { runId: "r" }) {
  let received
  const server = createServer(async (request, response) => {
    received = JSON.parse((await request.toArray()).join(""))
    response.writeHead(200, { "content-type": "text/event-stream" })
    response.end(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""))
  })
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve))
  const agent = new HttpAgent({ url: `http://127.0.0.1:${server.address().port}/`, threadId: "t" })
  const heard = []
  agent.subscribe({
    onRunErrorEvent: ({ event }) => void heard.push(`RUN_ERROR ${event.message}`),
    onRunFailed: ({ error }) => void heard.push(`failed ${error.message}`),
  })
  const told = console.error
  console.error = () => {}
  let end
  try {
    const { newMessages } = await agent.runAgent(parameters)
    end = `resolved with ${newMessages.map(({ content }) => content)}`
  } catch (error) {
    end = `rejected: ${error.message}`
  }
  console.error = told
  server.close()
  return { end, heard, messages: agent.messages.length, sent: received.messages }
}

const good = await ended([started, ...message, finished])
const failed = await ended([started, ...message, { type: "RUN_ERROR", message: "the model is gone" }])
const cut = await ended([started, ...message])
const openStep = await ended([started, { type: "STEP_STARTED", stepName: "look" }, ...message, finished])
const readme = await ended([started, ...message, finished], { messages: [{ role: "user", content: "Hello!" }] })
console.log({ good, failed, cut, openStep, readme })

equal(good.end, "resolved with half an ans")
equal(failed.end, good.end)
deepEqual(failed.heard, ["RUN_ERROR the model is gone"])
equal(cut.end, good.end)
deepEqual(cut.heard, [])
match(openStep.end, /^rejected: .*steps are still active/)
equal(openStep.messages, 0)
deepEqual(readme.sent, [])
console.log("as described")
JS
node run.mjs
