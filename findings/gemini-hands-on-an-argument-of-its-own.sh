#!/usr/bin/env bash
# @google/gemini-cli 0.61.0 with a stdio server of @modelcontextprotocol/sdk 1.32.2 that has one tool, whose schema is closed
# (`additionalProperties: false`, as zod and pydantic write it on demand).
#
# Guessed: the model is offered the tool's own parameters, and the server gets the arguments that the model has given for them.
# Seen: the model is offered one more, `wait_for_previous` (for gemini's own order of calls). If it uses it, gemini hands it on: the server gets an
# argument that its schema forbids, and a server that checks its calls refuses this one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --ignore-scripts --silent @google/gemini-cli@0.61.0 @modelcontextprotocol/sdk@1.32.2
mkdir -p home/.gemini work
cat >server.mjs <<'JS'
import { appendFileSync } from "node:fs"
import { Server } from "@modelcontextprotocol/sdk/server/index.js"
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js"
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js"

const inputSchema = { type: "object", properties: { city: { type: "string" } }, additionalProperties: false }
const server = new Server({ name: "own", version: "1" }, { capabilities: { tools: {} } })
server.setRequestHandler(ListToolsRequestSchema, async () => ({
  tools: [{ name: "weather", description: "The weather of a city.", inputSchema }],
}))
server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
  appendFileSync(process.argv[2], `${JSON.stringify(params.arguments)}\n`)
  return { content: [{ type: "text", text: "sunny" }] }
})
await server.connect(new StdioServerTransport())
JS
cat >run.mjs <<'JS'
import { spawn } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"

const here = process.cwd()
const offered = new Set()
/** A model that calls the tool with all that it is offered for it, and then ends. */
const model = createServer((request, response) => {
  let text = ""
  request.on("data", (chunk) => {
    text += chunk
  })
  request.on("end", () => {
    const body = text === "" ? {} : JSON.parse(text)
    const tools = (body.tools ?? []).flatMap((tool) => tool.functionDeclarations ?? [])
    const tool = tools.find(({ name }) => name.endsWith("weather"))
    const schema = tool?.parametersJsonSchema ?? tool?.parameters
    for (const name of Object.keys(schema?.properties ?? {})) offered.add(name)
    const isAnswered = text.includes("sunny")
    const args = { city: "Kyoto", ...(offered.has("wait_for_previous") && { wait_for_previous: true }) }
    const part = tool === undefined || isAnswered ? { text: "Done." } : { functionCall: { name: tool.name, args } }
    const answer = { candidates: [{ content: { role: "model", parts: [part] }, finishReason: "STOP" }] }
    const isStream = request.url.includes("alt=sse")
    response.writeHead(200, { "content-type": isStream ? "text/event-stream" : "application/json" })
    response.end(isStream ? `data: ${JSON.stringify(answer)}\n\n` : JSON.stringify(answer))
  })
}).listen(0, "127.0.0.1", () => {
  writeFileSync(
    "home/.gemini/settings.json",
    JSON.stringify({
      security: { auth: { selectedType: "gemini-api-key" }, folderTrust: { enabled: false } },
      privacy: { usageStatisticsEnabled: false },
      telemetry: { enabled: false },
      general: { enableAutoUpdate: false, enableAutoUpdateNotification: false, maxAttempts: 1 },
      mcpServers: { own: { command: process.execPath, args: [`${here}/server.mjs`, `${here}/calls`], trust: true } },
    }),
  )
  const env = {
    ...process.env,
    HOME: `${here}/home`,
    GEMINI_CLI_HOME: `${here}/home`,
    GEMINI_API_KEY: "any",
    GOOGLE_GEMINI_BASE_URL: `http://127.0.0.1:${model.address().port}`,
    NO_PROXY: "127.0.0.1",
  }
  const args = ["--yolo", "--model", "gemini-2.5-flash", "-p", "What is the weather in Kyoto?"]
  const gemini = spawn(`${here}/node_modules/.bin/gemini`, args, { env, cwd: `${here}/work`, stdio: "ignore" })
  gemini.on("exit", () => {
    console.log(`offered: ${[...offered].join(", ")}`)
    console.log(`the server got: ${readFileSync("calls", "utf8").trim()}`)
    model.close()
    model.closeAllConnections()
  })
})
JS
timeout 120 node run.mjs | tee seen
grep -qx 'offered: city, wait_for_previous' seen
grep -qx 'the server got: {"city":"Kyoto","wait_for_previous":true}' seen
