/** Where the service spends its time under one load of the bench: `node bench/profile.ts --help`. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { Agent } from "node:http"
import { tmpdir } from "node:os"
import { join, relative, resolve } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { type Build, install } from "./support/installation.ts"
import { postJson } from "./support/json-request.ts"
import { residentMb } from "./support/memory.ts"
import { type ServiceProcess, startDaemon } from "./support/service-process.ts"
import { streamPost, streamTurn } from "./support/sse-request.ts"

const agent = new Agent({ keepAlive: true, maxSockets: 128 })

/** Loads by name; the start alone is a load too. */
const loads: Readonly<Record<string, (service: ServiceProcess) => Promise<void>>> = {
  start: () => delay(500),
  warm: async (service) => {
    for (let turn = 0; turn < 3000; turn += 1) await streamTurn(service, "deltas=100 size=16", { agent })
  },
  functions: async (service) => {
    for (let turn = 0; turn < 1000; turn += 1) await functionTrip(service)
  },
  streams: async (service) => {
    const client = async (): Promise<void> => {
      for (let turn = 0; turn < 25; turn += 1) await streamTurn(service, "deltas=100 size=16", { agent })
    }
    await Promise.all(Array.from({ length: 128 }, client))
  },
  deltas: async (service) => {
    for (let turn = 0; turn < 5; turn += 1) await streamTurn(service, "deltas=100000 size=8", { agent })
  },
  history: async (service) => {
    for (let conversation = 0; conversation < 10; conversation += 1) await longChat(service, conversation)
  },
  exec: async (service) => {
    for (let turn = 0; turn < 300; turn += 1) await streamTurn(service, "Hi.", { agent })
  },
  stalled: async (service) => {
    await streamTurn(service, "deltas=100000 size=8", { agent, stallMs: 4000 })
  },
}

/** The agent calls a function of the client, which answers at once. */
async function functionTrip(service: ServiceProcess): Promise<void> {
  const parameters = { type: "object", properties: {}, additionalProperties: false }
  const tools = [{ type: "function", name: "add", description: "Adds two and two.", parameters }]
  const called = await streamPost(
    service,
    { input: "call=1 deltas=100 size=16", tools },
    { agent, keepsBody: true },
  )
  const callId = /"call_id":"([^"]+)"/.exec(Buffer.concat(called.body).toString("utf8"))?.[1]
  if (callId === undefined || called.responseId === null) throw new Error("the agent called no function")
  const input = [{ type: "function_call_output", call_id: callId, output: "4" }]
  await streamPost(service, { input, tools }, { agent, previousResponseId: called.responseId })
}

/** Two turns of a chat of 2 MB, which its client sends whole each time. */
async function longChat(service: ServiceProcess, conversation: number): Promise<void> {
  const text = "some words ".repeat(90)
  const messages = Array.from({ length: 1000 }, (_, index) => [
    { role: "user", content: `Question ${index} of ${conversation}: ${text}` },
    { role: "assistant", content: `Answer ${index} of ${conversation}: ${text}` },
  ]).flat()
  const asked = { role: "user", content: "deltas=1 size=16" }
  const path = "/v1/chat/completions"
  const first = await postJson(service, agent, path, { model: "manager", messages: [...messages, asked] })
  const answer = { role: "assistant", content: first.choices?.[0]?.message.content ?? "" }
  await postJson(service, agent, path, { model: "manager", messages: [...messages, asked, answer, asked] })
}

const help = `Profiles the service under one load, with the functions and folders that took the time.

  node bench/profile.ts LOAD              ${Object.keys(loads).join(", ")}
  node bench/profile.ts LOAD --dist       the compiled service (else src/, whose lines are those of the source)
  node bench/profile.ts LOAD --gc         a line a garbage collection in place of the profile
  node bench/profile.ts LOAD --allocations  bytes that were allocated in place of time, by site
  node bench/profile.ts LOAD --node=--OPT another option of node; can be given again`

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
    readonly children?: readonly number[]
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dist: { type: "boolean", default: false },
    gc: { type: "boolean", default: false },
    allocations: { type: "boolean", default: false },
    node: { type: "string", multiple: true, default: [] },
    help: { type: "boolean", short: "h", default: false },
  },
})
const load = loads[positionals[0] ?? ""]
if (values.help || load === undefined) {
  console.log(help)
  process.exitCode = values.help ? 0 : 2
} else await main(load)

async function main(run: (service: ServiceProcess) => Promise<void>): Promise<void> {
  const built = await install({})
  const root = resolve(import.meta.dirname, "..")
  const build: Build = values.dist ? built.ours : { ...built.ours, launcher: join(root, "src/main.ts") }
  const folder = await mkdtemp(join(tmpdir(), "ai-agent-proxy-profile-"))
  try {
    const sampler = join(root, "bench/support/sample-allocations.ts")
    const allocations = join(folder, "allocations.json")
    let profiling = ["--cpu-prof", `--cpu-prof-dir=${folder}`, "--cpu-prof-interval=200"]
    if (values.gc) profiling = ["--trace-gc", "--trace-gc-verbose"]
    else if (values.allocations) profiling = ["--import", sampler]
    const service = await startDaemon(build, {
      folder,
      cli: positionals[0] === "exec" ? built.execStub : built.appServerStub,
      nodeOptions: [...profiling, ...values.node],
      ...(values.allocations && { env: { ALLOCATIONS_FILE: allocations } }),
    })
    const beforeMb = residentMb(service.pid)
    await run(service)
    console.log(
      `resident: ${beforeMb.toFixed(0)} MB after the start, ${residentMb(service.pid).toFixed(0)} MB now`,
    )
    agent.destroy()
    await service.stop()
    if (values.gc) console.log(gcLines(await readFile(join(folder, "daemon.log"), "utf8")))
    else if (values.allocations) await printAllocations(allocations, root)
    else await print(folder, root)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
    await built.remove()
  }
}

/** As V8 writes it: each place with what was allocated right there. */
interface AllocationNode {
  readonly callFrame: CpuProfile["nodes"][number]["callFrame"]
  readonly selfSize: number
  readonly children: readonly AllocationNode[]
}

async function printAllocations(file: string, root: string): Promise<void> {
  const { head } = JSON.parse(await readFile(file, "utf8")) as { readonly head: AllocationNode }
  const sites = new Map<string, number>()
  const withCalled = new Map<string, number>()
  const visit = (node: AllocationNode, callers: ReadonlySet<string>): number => {
    const name = nameOf(node.callFrame, root)
    sites.set(name, (sites.get(name) ?? 0) + node.selfSize)
    const inside = new Set(callers).add(name)
    const bytes = node.children.reduce((sum, child) => sum + visit(child, inside), node.selfSize)
    if (node.callFrame.url.startsWith("file:") && !callers.has(name))
      withCalled.set(name, (withCalled.get(name) ?? 0) + bytes)
    return bytes
  }
  const all = visit(head, new Set())
  console.log(`\nallocated ${(all / 1e6).toFixed(0)} MB\n\nby function (by itself)`)
  printTop(sites, all, 60, 1e6, "MB")
  console.log("\nby function (with all that it calls)")
  printTop(withCalled, all, 60, 1e6, "MB")
}

function gcLines(log: string): string {
  return log
    .split("\n")
    .filter((line) => /: (Scavenge|Mark-Compact)/.test(line))
    .join("\n")
}

async function print(folder: string, root: string): Promise<void> {
  const file = (await readdir(folder)).find((name) => name.endsWith(".cpuprofile"))
  if (file === undefined) throw new Error("the service wrote no profile")
  // As V8 writes it.
  const profile = JSON.parse(await readFile(join(folder, file), "utf8")) as CpuProfile
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]))
  const functions = new Map<string, number>()
  const groups = new Map<string, number>()
  let busyMs = 0
  profile.samples.forEach((id, index) => {
    const frame = frames.get(id)
    const ms = (profile.timeDeltas[index] ?? 0) / 1000
    if (frame === undefined || frame.functionName === "(idle)") return
    busyMs += ms
    const place = placeOf(frame.url, root)
    const name = nameOf(frame, root)
    functions.set(name, (functions.get(name) ?? 0) + ms)
    const group = groupOf(place, frame.functionName)
    groups.set(group, (groups.get(group) ?? 0) + ms)
  })
  console.log(`\nbusy ${busyMs.toFixed(0)} ms\n\nby folder`)
  printTop(groups, busyMs, 20)
  console.log("\nby function (self time)")
  printTop(functions, busyMs, 45)
  console.log("\nby function (with all that it calls)")
  printTop(totalTimes(profile, root), busyMs, 60)
}

/** Time of each function of ours together with what it calls, ms; recursion counts once. */
function totalTimes(profile: CpuProfile, root: string): Map<string, number> {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  const selfMs = new Map<number, number>()
  profile.samples.forEach((id, index) => {
    selfMs.set(id, (selfMs.get(id) ?? 0) + (profile.timeDeltas[index] ?? 0) / 1000)
  })
  const totals = new Map<string, number>()
  const visit = (id: number, callers: ReadonlySet<string>): number => {
    const node = nodes.get(id)
    if (node === undefined || node.callFrame.functionName === "(idle)") return 0
    const name = nameOf(node.callFrame, root)
    const inside = new Set(callers).add(name)
    let ms = selfMs.get(id) ?? 0
    for (const child of node.children ?? []) ms += visit(child, inside)
    const isOurs = node.callFrame.url.startsWith("file:")
    if (isOurs && !callers.has(name)) totals.set(name, (totals.get(name) ?? 0) + ms)
    return ms
  }
  const first = profile.nodes[0]
  if (first !== undefined) visit(first.id, new Set())
  return totals
}

function nameOf(frame: CpuProfile["nodes"][number]["callFrame"], root: string): string {
  const place = placeOf(frame.url, root)
  return `${frame.functionName || "(anonymous)"} ${place}${place === "" ? "" : `:${frame.lineNumber + 1}`}`
}

function printTop(
  shares: ReadonlyMap<string, number>,
  whole: number,
  count: number,
  divisor = 1,
  unit = "ms",
): void {
  const top = [...shares].toSorted(([, a], [, b]) => b - a).slice(0, count)
  for (const [name, share] of top) {
    const percent = ((100 * share) / whole).toFixed(1).padStart(5)
    console.log(`${(share / divisor).toFixed(1).padStart(9)} ${unit} ${percent} %  ${name}`)
  }
}

function placeOf(url: string, root: string): string {
  return url.startsWith("file:") ? relative(root, fileURLToPath(url)) : url
}

function groupOf(place: string, functionName: string): string {
  if (place === "") return functionName
  if (place.startsWith("node:internal/modules") || place.startsWith("node:internal/vm"))
    return "node: loading modules"
  if (place.startsWith("node:")) return place.split("/").slice(0, 2).join("/")
  const inPackage = /node_modules\/(?!\.cache)((?:@[^/]+\/)?[^/]+)/.exec(place)
  if (inPackage?.[1] !== undefined) return inPackage[1]
  return place.split("/").slice(-3, -1).join("/")
}
