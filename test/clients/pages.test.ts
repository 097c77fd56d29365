import { execFile } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import path from "node:path"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"
import { useClientService } from "./client-service.ts"

const folder = path.resolve(import.meta.dirname, "../../docs/clients")
const pages = readdirSync(folder).map((name) => ({
  name,
  text: readFileSync(path.join(folder, name), "utf8"),
}))

/** The commands of the page about curl, as they stand there. */
const curls = pages
  .filter((page) => page.name === "curl.md")
  .flatMap((page) => [...page.text.matchAll(/^```sh\n([\s\S]*?)\n```$/gm)])
  .flatMap(([, block]) => (block ?? "").split(/\n\n(?=curl )/))

describe("the pages about clients", () => {
  const bench = useClientService({ agent: "demo" })

  it("show curl commands that answer as they stand, one after the other", async () => {
    expect(curls.length).toBeGreaterThan(5)
    let last = ""
    for (const command of curls) {
      const here = command
        .replaceAll("http://127.0.0.1:7011/v1", bench.baseUrl)
        .replace("resp_...", /"id":"(resp_[0-9a-f]+)"/.exec(last)?.[1] ?? "none")
        .replace("curl ", "curl --fail-with-body ")
      const { stdout } = await promisify(execFile)("bash", ["-c", here], { timeout: 15_000 })
      expect(stdout, command).toMatch(/^(\{"object":"list"|\{"id":"|event: response\.created\n)/)
      last = stdout
    }
  })

  it("link only to files that exist", () => {
    for (const { name, text } of pages) {
      for (const [, link] of text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
        expect(existsSync(path.join(folder, link ?? "")), `${name} links to ${link}`).toBe(true)
      }
    }
  })
})
