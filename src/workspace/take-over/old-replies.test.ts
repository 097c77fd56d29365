import { mkdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeEach, describe, expect, it, onTestFinished } from "vitest"
import { createTempDir } from "../../../test/support/temp-dir.ts"
import { readOldReplies } from "./old-replies.ts"

let home: string
beforeEach(async () => {
  const folder = await createTempDir("old-replies")
  onTestFinished(() => folder.remove())
  home = folder.path
})

/** `age`: how many seconds ago. */
function leave(name: string, content: unknown, age = 0): void {
  const path = join(home, "agent_replies", name)
  mkdirSync(join(home, "agent_replies"), { recursive: true })
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content))
  utimesSync(path, 1_790_000_000 - age, 1_790_000_000 - age)
}

describe("the replies that release 0.2.0 has left", () => {
  it("are all there, the newest first, data and metadata as they were", async () => {
    leave(
      "t1.json",
      { task_id: "t1", agent: "manager", event: "final", data: { a: [1] }, metadata: { c: 1 } },
      9,
    )
    leave("reply_ab.json", { agent: "engineer_alice", event: "progress", data: "half of it" })
    mkdirSync(join(home, "agent_replies/notes"))
    const { replies, left } = await readOldReplies(home)
    expect(left).toEqual([])
    expect(replies).toMatchObject([
      {
        id: "reply_ab",
        agentId: "engineer_alice",
        text: "half of it",
        isFinal: false,
        file: "agent_replies/reply_ab.json",
        createdAt: 1_790_000_000_000,
        sent: { event: "progress", taskId: null, isJson: false, metadata: null },
      },
      {
        id: "t1",
        text: '{"a":[1]}',
        isFinal: true,
        sent: { event: "final", taskId: "t1", isJson: true, metadata: { c: 1 } },
      },
    ])
  })

  it("are none where there is no such folder, or something else in its place", async () => {
    expect(await readOldReplies(home)).toEqual({ replies: [], hasMore: false, left: [] })
    writeFileSync(join(home, "agent_replies"), "")
    expect(await readOldReplies(home)).toEqual({ replies: [], hasMore: false, left: [] })
  })

  it("are named and passed over where they are broken, too large, a link, or none", async () => {
    leave("good.json", { agent: "manager", event: "final", data: "x" })
    leave("broken.json", '{"agent": ')
    leave("other.json", [1])
    leave("large.json", "")
    truncateSync(join(home, "agent_replies/large.json"), 2 * 1024 * 1024)
    writeFileSync(join(home, "outside"), JSON.stringify({ agent: "manager", data: "secret" }))
    symlinkSync("../outside", join(home, "agent_replies/link.json"))
    mkdirSync(join(home, "agent_replies/folder.json"))
    const { replies, left } = await readOldReplies(home)
    expect(replies.map(({ id }) => id)).toEqual(["good"])
    expect(left.map(({ file }) => file).toSorted()).toEqual(
      ["broken", "folder", "large", "link", "other"].map((name) => `agent_replies/${name}.json`),
    )
    expect(left.find(({ file }) => file.endsWith("broken.json"))?.why).toBe("it is no JSON")
  })

  it("are bounded, by number and by size, and it is said", async () => {
    for (let n = 0; n < 103; n += 1) leave(`t${n}.json`, { agent: "manager", data: `${n}` }, n)
    const { replies, hasMore, left } = await readOldReplies(home)
    expect([replies.length, hasMore]).toEqual([100, true])
    expect(replies[0]?.text).toBe("0")
    expect(left).toEqual([{ file: "agent_replies", why: "the 3 oldest files are not listed" }])
    for (let n = 0; n < 6; n += 1) leave(`t${n}.json`, { agent: "manager", data: "x".repeat(1_000_000) }, n)
    const large = await readOldReplies(home)
    expect(large.replies.filter(({ text }) => text.length === 1_000_000)).toHaveLength(4)
    expect(large.hasMore).toBe(true)
    expect(large.left.some(({ why }) => why.includes("all the room"))).toBe(true)
  })

  it("are bounded in what is looked at, and nobody says that these are the newest", async () => {
    for (let n = 0; n < 7; n += 1) leave(`t${n}.json`, { agent: "manager", data: `${n}` }, n)
    const { replies, hasMore, left } = await readOldReplies(home, 5)
    expect([replies.length, hasMore]).toEqual([5, true])
    expect(left).toEqual([
      {
        file: "agent_replies",
        why: "2 of 7 files are not listed: only 5 were looked at, so that newer ones may be among them",
      },
    ])
    expect(await readOldReplies(home, 7)).toMatchObject({ hasMore: false, left: [] })
  })
})
