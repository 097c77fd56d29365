#!/usr/bin/env bash
# @openai/codex 0.169.0, `codex app-server`: tools of a client (`dynamicTools`) whose JSON Schema bounds an integer of 64 bits, as pydantic
# writes them of `Field(ge=-2**63, le=2**64 - 1)`.
#
# Guessed: bounds are numbers of JSON, however large; at worst one is rounded, as JavaScript rounds them.
# Seen: as Python writes them (-9223372036854775808, 18446744073709551615) they are taken. What JavaScript makes of them
# (JSON.stringify writes -9223372036854776000 and 18446744073709552000, which are beyond 64 bits) is an error of the whole `thread/start`, in
# which the bound is called an u128 or i128 that is no "value". The same numbers with an exponent are taken.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --ignore-scripts --silent @openai/codex@0.169.0
mkdir home work
cat >run.mjs <<'JS'
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"

const env = { ...process.env, CODEX_HOME: `${process.cwd()}/home`, HOME: `${process.cwd()}/home` }
const codex = spawn("node_modules/.bin/codex", ["app-server", "-c", "analytics.enabled=false"], {
  env,
  stdio: ["pipe", "pipe", "ignore"],
})
const answers = new Map()
createInterface({ input: codex.stdout }).on("line", (line) => {
  const { id, method, result, error } = JSON.parse(line)
  if (method === undefined) answers.get(id)?.(error?.message ?? (result ? "taken" : "nothing"))
})
let id = 0
/** `params` as text: numbers stay as they are written. */
const ask = (method, params) =>
  new Promise((resolve) => {
    answers.set(++id, resolve)
    codex.stdin.write(`{"id":${id},"method":"${method}","params":${params}}\n`)
  })
const info = { clientInfo: { name: "x", title: "x", version: "1" }, capabilities: { experimentalApi: true } }
await ask("initialize", JSON.stringify(info))
codex.stdin.write('{"method":"initialized"}\n')
const start = (bounds) =>
  ask(
    "thread/start",
    `{"cwd":"${process.cwd()}/work","ephemeral":true,"dynamicTools":[{"type":"function","name":"f","description":"f","inputSchema":` +
      `{"type":"object","properties":{"id":{"type":"integer",${bounds}}}}}]}`,
  )
for (const bounds of [
  '"minimum":-9223372036854775808,"maximum":18446744073709551615',
  `"minimum":${JSON.stringify(-(2 ** 63))}`,
  `"maximum":${JSON.stringify(2 ** 64 - 1)}`,
  '"minimum":-9.223372036854776e18,"maximum":1.8446744073709552e19',
]) {
  console.log(`${bounds}: ${await start(bounds)}`)
}
codex.kill()
JS
timeout 60 node run.mjs | tee seen
[[ $(grep -c ': taken$' seen) == 2 ]]
grep -q -- '-9223372036854776000: .*128' seen
grep -q '18446744073709552000: .*128' seen
