#!/usr/bin/env bash
# opencode 1.18.33 with a stdio server of @modelcontextprotocol/sdk 1.32.2 that has a tool with named and with any other arguments: an
# environment, say, as `additionalProperties: { "type": "string" }` beside `properties`.
#
# Guessed: the model is offered the schema of the server, or at worst one without the words that its provider does not know.
# Seen: at the top of the schema opencode writes `additionalProperties: false`, the contrary: the model is told that what the tool is for must not
# be given. An open map one level deeper stays as it is.
set -euo pipefail
[[ $(uname -sm) == "Linux x86_64" ]] || { echo "The package of opencode for this machine has another name."; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --ignore-scripts --silent --force opencode-linux-x64-baseline@1.18.33 @modelcontextprotocol/sdk@1.32.2
mkdir -p home work
cat >server.mjs <<'JS'
import { Server } from "@modelcontextprotocol/sdk/server/index.js"
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js"
import { ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js"

const open = { type: "object", properties: { command: { type: "string" } }, additionalProperties: { type: "string" } }
const server = new Server({ name: "own", version: "1" }, { capabilities: { tools: {} } })
server.setRequestHandler(ListToolsRequestSchema, async () => ({
  tools: [
    { name: "at_the_top", description: "Runs a command in this environment.", inputSchema: open },
    { name: "below", description: "The same.", inputSchema: { type: "object", properties: { env: open } } },
  ],
}))
await server.connect(new StdioServerTransport())
JS
cat >run.mjs <<'JS'
import { spawn } from "node:child_process"
import { writeFileSync } from "node:fs"
import { createServer } from "node:http"

const here = process.cwd()
const offered = new Map()
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
    for (const { function: tool } of (text === "" ? {} : JSON.parse(text)).tools ?? []) offered.set(tool.name, tool.parameters)
    response.writeHead(200, { "content-type": "text/event-stream" })
    for (const each of [chunk({ role: "assistant", content: "Done." }), chunk({}, "stop")]) {
      response.write(`data: ${JSON.stringify(each)}\n\n`)
    }
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
      mcp: { own: { type: "local", command: [process.execPath, `${here}/server.mjs`], enabled: true } },
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
  const opencode = spawn(file, ["run", "Hello."], { env, cwd: `${here}/work`, stdio: "ignore" })
  opencode.on("exit", () => {
    const [top, below] = ["at_the_top", "below"].map((name) => offered.get(`own_${name}`))
    console.log(`at the top: ${JSON.stringify(top?.additionalProperties)}`)
    console.log(`below: ${JSON.stringify(below?.properties.env.additionalProperties)}`)
    model.close()
    model.closeAllConnections()
  })
})
JS
timeout 120 node run.mjs | tee seen
grep -qx 'at the top: false' seen
grep -qx 'below: {"type":"string"}' seen
