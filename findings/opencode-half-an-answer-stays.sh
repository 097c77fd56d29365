#!/usr/bin/env bash
# opencode 1.18.33, driven over ACP, with a model server (OpenAI's chat completions) whose first stream breaks off in the middle of the answer.
#
# Guessed: it asks again, and an ACP client can tell the second answer from what had been said of the first: by another message id, or a word
# between them.
# Seen: it asks again, and both come as chunks of one message under one `messageId`, with nothing between them: a client that joins
# chunks, as it must, shows "The answer is foThe answer is four.". `opencode run` prints the second one only.
set -euo pipefail
[[ $(uname -sm) == "Linux x86_64" ]] || { echo "The package of opencode for this machine has another name."; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --ignore-scripts --silent --force opencode-linux-x64-baseline@1.18.33
mkdir -p home work
cat >run.mjs <<'JS'
import { spawn } from "node:child_process"
import { writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { createInterface } from "node:readline"

const here = process.cwd()
let turns = 0
const chunk = (delta, finish_reason = null) => ({
  id: "c",
  object: "chat.completion.chunk",
  created: 1,
  model: "m",
  choices: [{ index: 0, delta, finish_reason }],
})
const model = createServer((request, response) => {
  let text = ""
  request.on("data", (part) => {
    text += part
  })
  request.on("end", () => {
    const isTurn = (text === "" ? {} : JSON.parse(text)).tools !== undefined
    if (isTurn) turns += 1
    const isCut = isTurn && turns === 1
    response.writeHead(200, { "content-type": "text/event-stream" })
    const write = (...chunks) => {
      for (const each of chunks) response.write(`data: ${JSON.stringify(each)}\n\n`)
    }
    if (isCut) {
      write(chunk({ role: "assistant", content: "The answer " }), chunk({ content: "is fo" }))
      setTimeout(() => response.destroy(), 500)
      return
    }
    write(chunk({ role: "assistant", content: "The answer is four." }), chunk({}, "stop"))
    response.end("data: [DONE]\n\n")
  })
}).listen(0, "127.0.0.1", () => {
  const options = { baseURL: `http://127.0.0.1:${model.address().port}/v1`, apiKey: "any" }
  writeFileSync(
    "home/opencode.json",
    JSON.stringify({
      autoupdate: false,
      share: "disabled",
      model: "own/m",
      small_model: "own/m",
      enabled_providers: ["own"],
      provider: { own: { npm: "@ai-sdk/openai-compatible", options, models: { m: { tool_call: true } } } },
    }),
  )
  const env = {
    PATH: process.env.PATH,
    HOME: `${here}/home`,
    OPENCODE_CONFIG: `${here}/home/opencode.json`,
    OPENCODE_DISABLE_AUTOUPDATE: "1",
    OPENCODE_DISABLE_MODELS_FETCH: "1",
    OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
    OPENCODE_DISABLE_DEFAULT_PLUGINS: "1",
  }
  const file = `${here}/node_modules/opencode-linux-x64-baseline/bin/opencode`
  const opencode = spawn(file, ["acp"], { env, cwd: `${here}/work`, stdio: ["pipe", "pipe", "ignore"] })
  const answers = new Map()
  const chunks = []
  createInterface({ input: opencode.stdout }).on("line", (line) => {
    const { id, method, params, result, error } = JSON.parse(line)
    if (method === undefined) answers.get(id)?.(error === undefined ? result : { error })
    else if (params.update?.sessionUpdate === "agent_message_chunk") chunks.push(params.update)
  })
  let id = 0
  const ask = (method, params) =>
    new Promise((resolve) => {
      answers.set(++id, resolve)
      opencode.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`)
    })
  const converse = async () => {
    await ask("initialize", { protocolVersion: 1, clientCapabilities: {} })
    const { sessionId } = await ask("session/new", { cwd: `${here}/work`, mcpServers: [] })
    const prompt = [{ type: "text", text: "How much is two and two?" }]
    const { stopReason } = await ask("session/prompt", { sessionId, prompt })
    const ids = new Set(chunks.map(({ messageId }) => messageId))
    console.log(`asked ${turns} times, ended with ${stopReason}`)
    console.log(`${ids.size} message: ${chunks.map(({ content }) => content.text).join("")}`)
    opencode.kill()
    model.close()
    model.closeAllConnections()
  }
  void converse()
})
JS
timeout 120 node run.mjs | tee seen
grep -qx 'asked 2 times, ended with end_turn' seen
grep -qx '1 message: The answer is foThe answer is four.' seen
