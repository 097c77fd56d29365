import { readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { expect, it } from "vitest"

const root = resolve(import.meta.dirname, "..")

/** What people read: pages, and the texts of the program. */
const files = ["README.md", "CONTRIBUTING.md", "Makefile", "package.json"].concat(
  ...["docs", "src", "bin", "scripts"].map((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(?:md|ts|cjs|sh)$/.test(name) && !name.endsWith(".test.ts"))
      .map((name) => `${folder}/${name}`),
  ),
)

/** Asks a registry for this program. A file of `npm pack` is none. */
const fromRegistry =
  /(?:npm (?:install|i|add|exec|update|upgrade|uninstall)\b[^\n`]*?|npx (?:-y )?|bunx |pnpm (?:add|dlx)\b[^\n`]*? |yarn (?:global )?add )(?<![./-])\bai-agent-proxy(?![-\w/]*\.tgz|-\*|\/runtime)\b/

it("no page and no text of the program names a registry for it, for it is in none", () => {
  expect(files.length).toBeGreaterThan(300)
  const found = files.filter((file) => fromRegistry.test(readFileSync(join(root, file), "utf8")))
  expect(found).toEqual([])
})

it.each([
  ["npm install -g ai-agent-proxy", true],
  ["npm i -g ai-agent-proxy@latest", true],
  ["npx ai-agent-proxy daemon", true],
  ["npm install -g ./ai-agent-proxy-*.tgz", false],
  ["npm install --prefix ~/.ai_agent_proxy/runtime node@24", false],
  ["npm install -g @openai/codex", false],
])("%j is one: %s", (text, isOne) => {
  expect(fromRegistry.test(text)).toBe(isOne)
})
