import { once } from "node:events"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { createServer, request } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type BrowserContext, chromium, type Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { agentStatus } from "./fake-engine.ts"
import { serverFixture } from "./http-fixture.ts"

const executablePath = [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path !== undefined && existsSync(path))
if (executablePath === undefined) {
  // Where it is decided what lands, the page has to be looked at.
  if (process.env.CI === "true") throw new Error("no chromium here: install it, or set CHROMIUM_PATH")
  console.warn("The status page is not looked at in a browser: no chromium here (set CHROMIUM_PATH).")
}

/** What a reverse proxy with a prefix does, as far as a page is concerned: takes it off, and tells nobody. */
async function prefixProxy(prefix: string, port: number): Promise<string> {
  const proxy = createServer((incoming, outgoing) => {
    const path = incoming.url?.startsWith(prefix) ? incoming.url.slice(prefix.length) || "/" : "/outside"
    const asked = request({ port, path, headers: { host: `127.0.0.1:${port}` } }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    asked.on("error", () => outgoing.destroy())
    asked.end()
  })
  proxy.listen(0, "127.0.0.1")
  await once(proxy, "listening")
  onTestFinished(() => {
    proxy.close()
    proxy.closeAllConnections()
  })
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
}

describe.skipIf(executablePath === undefined)("the status page in a browser", () => {
  const profile = mkdtempSync(join(tmpdir(), "status-page-"))
  let browser: BrowserContext

  beforeAll(async () => {
    browser = await chromium.launchPersistentContext(profile, {
      executablePath: executablePath ?? "",
      headless: true,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
      ],
    })
    await browser.grantPermissions(["clipboard-read", "clipboard-write"])
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    rmSync(profile, { recursive: true, force: true })
  })

  /** A page whose every complaint (a broken policy, a script error, a failed load) fails the test. */
  async function open(url: string): Promise<{ page: Page; complaints: string[] }> {
    const page = await browser.newPage()
    await page.clock.install()
    onTestFinished(() => page.close())
    const complaints: string[] = []
    page.on("console", (message) => complaints.push(message.text()))
    page.on("pageerror", (error) => complaints.push(error.message))
    await page.goto(url)
    return { page, complaints }
  }

  test("shows a ready service, and how to use it without a key", async () => {
    const { server } = await serverFixture()
    const { page, complaints } = await open(server.url)
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Ready")
    expect(await page.locator("#base-url").textContent()).toBe(`${server.url}/v1`)
    expect(await page.getByText("No key needed from this machine.").isVisible()).toBe(true)
    expect(await page.getByRole("listitem").textContent()).toContain("manager")
    expect(complaints).toEqual([])
  })

  test("copies the base URL", async () => {
    const { server } = await serverFixture()
    const { page } = await open(server.url)
    await page.getByRole("button", { name: "Copy base URL" }).click()
    await page.getByText("Copied").waitFor()
    // A text, as it runs in the page.
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe(`${server.url}/v1`)
  })

  test("opens without a key where one is set, and shows no path then", async () => {
    const { server } = await serverFixture({ config: { apiKeys: new Map([["ann", "sk-ann"]]) } })
    const { page, complaints } = await open(`${server.url}/web`)
    expect(await page.getByText("API clients need a key.").isVisible()).toBe(true)
    expect(await page.locator("#example").textContent()).toContain("Authorization: Bearer $API_KEY")
    expect(await page.locator("body").textContent()).not.toMatch(/sk-ann|\/home\/ann/)
    expect(complaints).toEqual([])
  })

  test.each(["", "/", "/web", "/web/"])(
    "below a prefix that a proxy takes off, links and addresses are the browser's: /team/agents%s",
    async (path) => {
      const { server, engine } = await serverFixture({ config: { apiKeys: new Map([["ann", "sk-ann"]]) } })
      const outer = await prefixProxy("/team/agents", server.port)
      const { page, complaints } = await open(`${outer}/team/agents${path}`)
      expect(await page.locator("#base-url").textContent()).toBe(`${outer}/team/agents/v1`)
      expect(await page.locator("#example").textContent()).toContain(
        `curl ${outer}/team/agents/v1/chat/completions \\\n  -H`,
      )
      engine.agentStatuses = []
      await page.clock.runFor(5000)
      await page.getByRole("heading", { name: "Not ready" }).waitFor({ timeout: 20_000 })
      expect(complaints).toEqual([])
      await page.getByRole("link", { name: "Health" }).click()
      expect(page.url()).toBe(`${outer}/team/agents/health`)
      expect(await page.locator("body").textContent()).toContain('"status":"ok"')
    },
    60_000,
  )

  test("takes over a change of state by itself, and tells when the service is away", async () => {
    const { server, engine } = await serverFixture()
    engine.agentStatuses = [
      agentStatus("manager", {
        readiness: {
          isReady: false,
          reason: "Nobody is logged in.",
          nextStep: "Run `codex login`.",
          detail: null,
        },
      }),
    ]
    const { page } = await open(server.url)
    await page.getByRole("heading", { name: "Not ready" }).waitFor()
    expect(await page.getByText("Nobody is logged in.").isVisible()).toBe(true)
    engine.agentStatuses = [agentStatus("manager")]
    await page.clock.runFor(5000)
    await page.getByRole("heading", { name: "Ready", exact: true }).waitFor({ timeout: 20_000 })
    await server.close()
    await page.clock.runFor(5000)
    await page.getByRole("alert").waitFor({ timeout: 20_000 })
  }, 60_000)

  test("fits a phone without scrolling sideways, in light and dark", async () => {
    const { server } = await serverFixture()
    const { page } = await open(server.url)
    await page.setViewportSize({ width: 320, height: 640 })
    const background = "getComputedStyle(document.body).backgroundColor"
    await page.emulateMedia({ colorScheme: "light" })
    const light = await page.evaluate(background)
    await page.emulateMedia({ colorScheme: "dark" })
    expect(await page.evaluate(background)).not.toBe(light)
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true)
  })

  test.each([
    { key: "without", colorScheme: "light", width: 1280 },
    { key: "without", colorScheme: "dark", width: 390 },
    { key: "with", colorScheme: "light", width: 390 },
    { key: "with", colorScheme: "dark", width: 1280 },
  ] as const)(
    "can be looked at: $key key, $colorScheme, $width pixels wide",
    async ({ key, colorScheme, width }) => {
      const apiKeys = new Map(key === "with" ? [["ann", "sk-ann"]] : [])
      const { server } = await serverFixture({ config: { apiKeys } })
      const { page } = await open(server.url)
      await page.setViewportSize({ width, height: 900 })
      await page.emulateMedia({ colorScheme })
      // `SCREENSHOTS=folder` keeps them for a person's eyes.
      const folder = process.env.SCREENSHOTS
      const path =
        folder === undefined ? undefined : join(folder, `status-${key}-key-${colorScheme}-${width}.png`)
      const picture = await page.screenshot({ fullPage: true, ...(path !== undefined && { path }) })
      // An IHDR chunk says how large it is; an empty page of that size is a few kilobytes.
      expect(picture.readUInt32BE(16)).toBe(width)
      expect(picture.length).toBeGreaterThan(15_000)
    },
  )
})
