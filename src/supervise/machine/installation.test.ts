import { symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { createTempDir } from "../../../test/support/temp-dir.ts"
import { movingPart, stableNode } from "./installation.ts"

describe("the Node of the service", () => {
  it("is a link that its package manager keeps, where that is the same Node", async () => {
    const folder = await createTempDir("node")
    const node = join(folder.path, "node-24.15")
    const other = join(folder.path, "node-20")
    writeFileSync(node, "")
    writeFileSync(other, "")
    const links = ["missing", "old", "new"].map((name) => join(folder.path, name))
    symlinkSync(other, join(folder.path, "old"))
    symlinkSync(node, join(folder.path, "new"))
    expect(stableNode(node, links)).toBe(links[2])
    expect(stableNode(node, links.slice(0, 2))).toBe(node)
    await folder.remove()
  })

  it.each([
    ["/home/a/.nvm/versions/node/v24.15.0/bin/node", "/x/ai-agent-proxy.cjs", /version manager/],
    ["/home/a/.local/share/fnm/node-versions/v24/installation/bin/node", "/x/ai-agent-proxy.cjs", /restart/],
    [
      "/usr/bin/node",
      "/home/a/.npm/_npx/12/node_modules/ai-agent-proxy/bin/ai-agent-proxy.cjs",
      /npx's cache/,
    ],
  ])("is known to move when it is %s with %s", (node, launcher, words) => {
    expect(movingPart({ node, launcher })).toMatch(words)
  })

  it("is taken to stay elsewhere", () => {
    const launcher = "/usr/lib/node_modules/ai-agent-proxy/bin/ai-agent-proxy.cjs"
    expect(movingPart({ node: "/usr/bin/node", launcher })).toBeNull()
  })
})
