import { Agent } from "node:http"
import { isObject } from "../model-server/wire.ts"
import { badHead } from "./bad-requests/bad-heads.ts"
import { BadJson } from "./bad-requests/bad-json.ts"
import { exchangeRaw } from "./bad-requests/raw-exchange.ts"
import { rawJunk } from "./bad-requests/raw-junk.ts"
import { socketJunk } from "./bad-requests/socket-junk.ts"
import { bounded, none, type PartContext, type PartResult, told } from "./part.ts"
import { atOnce } from "./support/at-once.ts"
import { type Call, type CallResult, httpCall, jsonOf } from "./support/http-call.ts"
import { quietFiguresOf } from "./support/process-figures.ts"
import { ServiceUnderTest } from "./support/service-under-test.ts"
import { createStubCli } from "./support/stub-cli.ts"

const connections = 16
const timeoutMs = 20_000
const key = "key-of-the-bad-client"
const kinds = ["5xx", "hang", "cut", "shape", "accepted"] as const

/** Requests that are wrong in every way that there is: each is refused in the API's words, and none starts a turn. */
export async function badRequests({
  build,
  repetitions,
  random,
  newFolder,
}: PartContext): Promise<PartResult> {
  const count = repetitions(100_000)
  const folder = await newFolder("bad-requests")
  const cli = await createStubCli(folder, true)
  const service = await ServiceUnderTest.start({ build, folder, cli: cli.path, keys: { owner: key } })
  const { port } = service
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const faults: string[] = []
  try {
    const document = jsonOf(await httpCall({ port, method: "GET", path: "/openapi.json", key, timeoutMs }))
    const json = new BadJson(random, document ?? {})
    const send = async (): Promise<string | null> => {
      const choice = random.next()
      if (choice < 0.1) return exchangeRaw(port, rawJunk(random, key))
      if (choice < 0.13) return exchangeRaw(port, socketJunk(random, key))
      const bad: Pick<Call, "method" | "path"> & Partial<Call> =
        choice < 0.3
          ? { method: "POST", ...json.brokenText() }
          : choice < 0.7
            ? { method: "POST", ...json.wrongValue() }
            : badHead(random)
      const call: Call = { port, key, agent, timeoutMs, ...bad }
      return problemOf(call, await httpCall(call))
    }
    const good = (): Promise<CallResult> =>
      httpCall({ port, key, method: "POST", path: "/v1/responses", body: goodBody, timeoutMs })
    await good()
    const sendMany = (number: number): Promise<void> =>
      atOnce(connections, number, async () => {
        const problem = await send()
        if (problem !== null) faults.push(problem)
      })
    const warmUp = Math.floor(count / 5)
    await sendMany(warmUp)
    agent.destroy()
    const before = await quietFiguresOf(service.pid)
    await sendMany(count - warmUp)
    const last = await good()
    agent.destroy()
    const after = await quietFiguresOf(service.pid)
    const of = (kind: string): number => faults.filter((fault) => fault.startsWith(`${kind}:`)).length
    return {
      done: `${count} bad requests over ${connections} connections`,
      counts: [
        ...kinds.map((kind) => none(kind, of(kind))),
        none("turns started", (await cli.turns()) - 2),
        none("good request refused afterwards", last.status === 200 ? 0 : 1),
        bounded("growth of memory", after.residentMb - before.residentMb, 64, "MB"),
        bounded("growth of open files", after.openFiles - before.openFiles, 0),
        told("memory at the end", after.residentMb, "MB"),
      ],
      faults,
    }
  } finally {
    agent.destroy()
    await service.stop()
  }
}

const goodBody = { model: "manager", input: "deltas=3" }

function problemOf(
  { method, path, body }: Call,
  { end, status, headers, text, code }: CallResult,
): string | null {
  const sent =
    typeof body === "string" ? body : body instanceof Uint8Array ? "bytes" : JSON.stringify(body ?? null)
  const what = `${method} ${path.slice(0, 80)} ${sent.length > 200 ? `${sent.slice(0, 200)}..` : sent}`
  if (end === "timeout") return `hang: ${what}`
  if (end !== "whole" || status === null) return `cut: ${what} (${code})`
  if (status >= 500) return `5xx: ${what}: ${status} ${text.slice(0, 200)}`
  if (status < 400) return `accepted: ${what}: ${status} ${text.slice(0, 100)}`
  const error = jsonOf({ text })?.error
  const hasShape =
    isObject(error) &&
    ["message", "type", "param", "code"].every((name) => name in error) &&
    headers["content-type"]?.startsWith("application/json") === true
  return hasShape ? null : `shape: ${what}: ${status} ${headers["content-type"]} ${text.slice(0, 200)}`
}
