import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { httpCall } from "../../faults/support/http-call.ts"
import { waitFor } from "../../support/wait-for.ts"
import type { Bench, RealClient } from "../real-client.ts"
import { freePort } from "../support/free-port.ts"
import type { ScriptedService } from "../support/scripted-service.ts"
import { type InstalledProxies, installProxies } from "./install.ts"
import { OpenProxy } from "./open-proxy.ts"
import { newerCaddyName, proxiesOf } from "./proxies.ts"
import type { Outcomes, Place, ReverseProxy, Setting } from "./reverse-proxy.ts"

/** `PROXIES_LONG=1`: with the limits that proxies have by themselves and our own clocks, which takes four minutes a proxy. */
const isLong = process.env.PROXIES_LONG === "1"
/** `PROXIES=nginx,HAProxy`: these only. */
const wanted = process.env.PROXIES?.split(",")

const clocks = isLong
  ? { limitSeconds: null, workSeconds: 80, noticedWithinMs: 45_000, limits: {} }
  : {
      limitSeconds: 3,
      workSeconds: 8,
      noticedWithinMs: 8_000,
      limits: { keep_alive_ms: 1000, disconnect_grace_ms: 0 },
    }

const key = "key-of-ann"

export const client: RealClient = {
  programs: ["nginx, Apache, HAProxy, Caddy, lighttpd and Varnish of Debian", "Caddy 2.10.2"],
  limitMinutes: isLong ? 60 : 25,
  run: async (bench) => {
    const isWanted = (name: string) => wanted === undefined || wanted.includes(name)
    const installed = await installProxies(bench, { isNewerCaddyWanted: isWanted(newerCaddyName) })
    if (installed === null) return
    const { limits } = clocks
    const service = await bench.startService({ keys: { ann: key }, limits })
    const keyless = await bench.startService({ limits })
    for (const proxy of proxiesOf(installed)) {
      if (isWanted(proxy.name)) await checkProxy({ bench, installed, service, keyless, proxy })
    }
  },
}

interface Tried {
  readonly bench: Bench
  readonly installed: InstalledProxies
  readonly service: ScriptedService
  readonly keyless: ScriptedService
  readonly proxy: ReverseProxy
}

async function checkProxy(tried: Tried): Promise<void> {
  for (const setting of ["plain", "documented"] as const) await checkSetting(tried, setting)
  await checkPrefix(tried)
  await checkWithoutKey(tried)
}

async function checkSetting(tried: Tried, setting: "plain" | "documented"): Promise<void> {
  const { bench, service, proxy } = tried
  const expected = proxy.expected[setting]
  const name = (what: string) => `${nameOf(tried)}, ${setting}: ${what}`
  const open = await opened(tried, setting, service)
  if (open === null) return
  const measured: readonly (readonly [string, keyof Outcomes, () => Promise<string>, number?])[] = [
    ["words of a stream come", "words", () => open.words()],
    ["a WebSocket", "webSocket", () => open.webSocket()],
    ["a body of 5 MB", "body", () => open.largeBody()],
    [
      "that the client of a whole answer has gone",
      "hangUp",
      () => open.hangUp(clocks.noticedWithinMs),
      clocks.noticedWithinMs + 150_000,
    ],
  ]
  for (const [what, outcome, measure, limitMs] of measured) {
    await bench.check(name(`${what} ${expected[outcome]}`), () => same(measure(), expected[outcome]), limitMs)
  }
  const seconds = clocks.workSeconds
  await bench.check(
    name(`a whole answer of ${seconds} s of work arrives, and the command ran once`),
    () => open.longWork(seconds),
    240_000,
  )
  await bench.check(name(`a stream whose turn fails ${expected.failed} behind the error`), () =>
    same(open.failedStream(), expected.failed),
  )
  open.end()
  await bench.check(name(`a stream whose service is killed ${expected.killed}`), async () => {
    const other = await bench.startService({ keys: { ann: key } })
    const doomed = await opened(tried, setting, other)
    if (doomed === null) throw new Error("it does not start")
    try {
      await same(doomed.killed(), expected.killed)
    } finally {
      doomed.end()
    }
  })
}

async function checkPrefix(tried: Tried): Promise<void> {
  const { bench, service } = tried
  const open = await opened(tried, "prefix", service)
  if (open === null) return
  await bench.check(`${nameOf(tried)}, below /agents/: page, links, API and WebSocket`, () =>
    open.prefix("/agents"),
  )
  open.end()
}

async function checkWithoutKey(tried: Tried): Promise<void> {
  const { bench, keyless, proxy } = tried
  for (const setting of ["plain", "documented"] as const) {
    const open = await opened(tried, setting, keyless)
    if (open === null) continue
    const { withoutKey } = proxy.expected[setting]
    await bench.check(`${nameOf(tried)}, ${setting}: a service without a key ${withoutKey}`, () =>
      same(open.withoutKey(), withoutKey),
    )
    open.end()
  }
}

function nameOf({ installed, proxy }: Tried): string {
  const version = installed.versions[proxy.package ?? ""] ?? installed.newerCaddyVersion
  return `${proxy.name} ${version.replace(/-.*/, "")}`
}

/** Null, told as a failure: it does not start. */
async function opened(tried: Tried, setting: Setting, service: ScriptedService): Promise<OpenProxy | null> {
  const { bench, installed, proxy } = tried
  const listen = await freePort()
  const folder = join(bench.folder, `${proxy.name.replaceAll(/\W+/g, "-")}-${setting}-${listen}`)
  await mkdir(folder)
  const place: Place = {
    folder,
    root: installed.root,
    listen,
    service: Number(new URL(service.url).port),
    limitSeconds: clocks.limitSeconds,
  }
  let running: ReturnType<Bench["runOn"]> | null = null
  try {
    running = bench.runOn(await proxy.prepare(place, setting))
    await waitFor(
      async () =>
        (await httpCall({ port: listen, method: "GET", path: "/health", timeoutMs: 2000 })).end === "whole",
      {
        what: `${proxy.name} to listen`,
      },
    )
    return new OpenProxy(listen, service, key, running.end)
  } catch (error) {
    running?.end()
    await bench.check(`${nameOf(tried)}, ${setting}: starts`, () =>
      Promise.reject(new Error(`${String(error)} ${running?.output().slice(-500)}`)),
    )
    return null
  }
}

async function same(measured: Promise<string>, expected: string): Promise<void> {
  const value = await measured
  if (value !== expected) throw new Error(value)
}
