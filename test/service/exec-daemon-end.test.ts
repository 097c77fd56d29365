import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { type DaemonProcess, startDaemonProcess } from "../support/daemon-process.ts"
import { isRunning } from "../support/processes.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { waitFor } from "../support/wait-for.ts"

let user: TempDir
const daemons: DaemonProcess[] = []

beforeEach(async () => {
  user = await createTempDir("user")
})
afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.stop("SIGKILL")
  for (const pid of pids()) if (isRunning(pid)) process.kill(pid, "SIGKILL")
  await user.remove()
})

/** A CLI that never answers, with a child and a process that left its group, session and parent. */
function writeHangingCli(): string {
  const file = join(user.path, "hanging")
  writeFileSync(
    file,
    `#!/bin/sh
[ "$2" = "--help" ] && { echo 'usage: exec [PROMPT]'; exit 0; }
[ "$1" = "exec" ] || exit 2
trap '' INT TERM
(setsid sh -c 'echo $$ >> "${user.path}/pids"; exec sleep 300' > /dev/null 2>&1 &)
sleep 300 &
echo $! >> "${user.path}/pids"
env | grep -i '^ai_agent_proxy_' > "${user.path}/own-variables"
echo $$ >> "${user.path}/pids"
wait
sleep 300
`,
  )
  chmodSync(file, 0o755)
  return file
}

function pids(): number[] {
  const file = join(user.path, "pids")
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean).map(Number) : []
}

async function startDaemon(cli: string): Promise<DaemonProcess> {
  const daemon = await startDaemonProcess({
    userHome: user.path,
    env: { PATH: process.env.PATH ?? "", HOME: user.path, AI_AGENT_PROXY_DRAIN_MS: "100" },
    args: ["--cli", cli],
  })
  daemons.push(daemon)
  return daemon
}

it("ends at the next start what a daemon that was killed left running, and of ours only a marker and what /agent-reply needs reaches it", async () => {
  const cli = writeHangingCli()
  const first = await startHanging(cli)
  await first.stop("SIGKILL")
  expect(pids().filter(isRunning)).toHaveLength(3)
  const own = readFileSync(join(user.path, "own-variables"), "utf8").trim().split("\n").sort()
  expect(own).toEqual([
    "AI_AGENT_PROXY_AGENT=manager",
    expect.stringMatching(/^AI_AGENT_PROXY_AGENT_TOKEN=aap-agent-[\w-]+$/),
    `AI_AGENT_PROXY_COMMAND=${join(user.path, ".ai_agent_proxy", ".bin", "ai-agent-proxy")}`,
    `AI_AGENT_PROXY_HOME=${join(user.path, ".ai_agent_proxy")}`,
    expect.stringMatching(/^AI_AGENT_PROXY_TURN=[\w-]{36}$/),
    expect.stringMatching(/^AI_AGENT_PROXY_URL=http:\/\/127\.0\.0\.1:\d+$/),
  ])
  await startDaemon(cli)
  await waitFor(() => pids().filter(isRunning).length === 0, {
    what: "the processes of the first daemon to end",
    timeoutMs: 15_000,
  })
})

it("ends them, detached ones included, when the daemon is stopped properly", async () => {
  const daemon = await startHanging(writeHangingCli())
  expect(await daemon.stop("SIGTERM")).toEqual({ code: 0, signal: null })
  expect(pids().filter(isRunning)).toEqual([])
})

/** A daemon whose agent hangs in a turn. */
async function startHanging(cli: string): Promise<DaemonProcess> {
  const daemon = await startDaemon(cli)
  void fetch(`${daemon.url}/v1/responses`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "manager", input: "hang" }),
  }).catch(() => null)
  await waitFor(() => pids().length === 3, { what: "the agent to hang", timeoutMs: 15_000 })
  return daemon
}
