#!/usr/bin/env bash
# @modelcontextprotocol/sdk 1.32.2, which takes zod "^3.25 || ^4.0": a server with two tools, one of which has a parameter `constructor`
# (a tool that draws class diagrams, say).
#
# Guessed: both tools are listed; a name in `properties` is data, and the zod in use makes no difference.
# Seen: with zod 3.25.76 and 4.0.17 `client.listTools()` rejects ("expected record, received object", at `properties` of the second
# tool), so that the client has none of the server's tools, the good one included. With 4.1.13 and newer both are there. Parameters called
# `toString`, `hasOwnProperty`, `then` or `prototype` do no harm with any of them. With parameters `constructor` and `toString`
# together, claude 2.1.197 and gemini 0.61.0 gave their models no tool of that server, and said nothing (not part of this script).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
cat >run.mjs <<'JS'
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js"
import { Server } from "@modelcontextprotocol/sdk/server/index.js"
import { ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js"

const text = { type: "string" }

/** The names of the tools that a client is told of, or why there are none. */
async function listed(parameter) {
  const tools = [
    { name: "greet", inputSchema: { type: "object", properties: { text } } },
    { name: "draw", inputSchema: { type: "object", properties: { [parameter]: text } } },
  ]
  const server = new Server({ name: "server", version: "1" }, { capabilities: { tools: {} } })
  server.setRequestHandler(ListToolsRequestSchema, async () => ({ tools }))
  const client = new Client({ name: "client", version: "1" })
  const [one, other] = InMemoryTransport.createLinkedPair()
  await Promise.all([server.connect(one), client.connect(other)])
  try {
    return (await client.listTools()).tools.map(({ name }) => name).join(", ")
  } catch (error) {
    return `rejected at ${error.issues[0].path.join(".")}`
  } finally {
    await client.close()
  }
}

const harmless = await Promise.all(["class", "toString", "hasOwnProperty", "then", "prototype"].map(listed))
if (harmless.some((names) => names !== "greet, draw")) throw new Error(harmless.join("; "))
console.log(await listed("constructor"))
JS
for zod in 3.25.76:rejected 4.0.17:rejected 4.1.13:greet 4.6.7:greet; do
  npm install --no-audit --no-fund --ignore-scripts --silent @modelcontextprotocol/sdk@1.32.2 "zod@${zod%:*}"
  seen=$(node run.mjs)
  echo "zod ${zod%:*}: $seen"
  [[ $seen == "${zod#*:}"* ]]
done
