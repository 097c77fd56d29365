import { existsSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { describe, expect, it } from "vitest"
import { olderReleaseLines } from "../src/supervise/older-release.ts"

/** The table of docs/from-0.2.0.md: what release 0.2.0 promised on its page and in its help, and where each is shown to hold. */

const root = resolve(import.meta.dirname, "..")
const page = readFileSync(join(root, "docs/from-0.2.0.md"), "utf8")

interface Row {
  readonly promise: string
  readonly now: string
  readonly shownBy: readonly { readonly file: string; readonly title: string }[]
}

/** `\|` is a bar in a cell. */
function rowsOf(text: string): Row[] {
  const lines = text.split("\n").filter((line) => line.startsWith("| "))
  return lines.slice(2).map((line) => {
    const [promise = "", now = "", , tests = ""] = line
      .slice(2, -2)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll("\\|", "|"))
    const shownBy = tests
      .split("<br>")
      .flatMap((each) => /^\[`(\S+)`\]\(\.\.\/(\S+)\) (.+)$/.exec(each)?.slice(2) ?? [])
    return {
      promise,
      now,
      shownBy: shownBy.flatMap((file, index) =>
        index % 2 === 0 ? [{ file, title: shownBy[index + 1] ?? "" }] : [],
      ),
    }
  })
}

/** What it promised, as words that stand in the first column. */
const promised = [
  ...["/v1/chat/completions", "/v1/responses", "GET /`", "GET /web", "GET /health", "/agent-reply"],
  ...[
    "`daemon",
    "`enable",
    "`restart",
    "`init <role>",
    "`hire <role> <name>",
    "`list",
    "`status`",
    "`stop <agent>`",
  ],
  ...["`connect <agent> [working_dir]`", "`serve --upstream`", "`ai_agent_proxy`", "`pip install`"],
  ...[
    "--api-host",
    "--api-port",
    "--base-dir",
    "--interval",
    "--once",
    "--cli",
    "--ip",
    "--port",
    "--api-key",
  ],
  ...["--systemd-dir", "--service-name", "--skip-start", "--no-sudo"],
  ...["AI_AGENT_PROXY_API_KEY", "AI_AGENT_PROXY_CLI", "ai-agent-proxy.service", "~/.ai_agent_proxy/"],
  ...["~/.openclaw/workspace", "codex resume --last || codex", "codex exec resume --last", "manager first"],
]

const rows = rowsOf(page)
/** Steps of a program that the suite of systemd runs are keys, titles of tests are texts. */
function hasTest(file: string, title: string): boolean {
  const text = readFileSync(join(root, file), "utf8").replaceAll('\\"', '"')
  return [`"${title}"`, `'${title}'`, `\`${title}\``].some((quoted) => text.includes(quoted))
}

const systemd = readFileSync(join(root, "test/systemd/service.test.ts"), "utf8")

describe("the table of docs/from-0.2.0.md", () => {
  it.each(promised)("has a row about %s", (words) => {
    expect(rows.filter(({ promise }) => promise.includes(words))).not.toEqual([])
  })

  it.each(rows)("says what became of $promise, and which test shows it", ({ now, shownBy }) => {
    expect(now).not.toBe("")
    expect(shownBy).not.toEqual([])
    for (const { file, title } of shownBy) {
      expect(existsSync(join(root, file)), file).toBe(true)
      const isRun = file.endsWith(".test.ts") || systemd.includes(`"${file.replace(/^.*\/|\.ts$/g, "")}"`)
      expect(isRun, `${file} is run by no suite`).toBe(true)
      expect(hasTest(file, title), `${file}: ${title}`).toBe(true)
    }
  })

  it("is not satisfied with a row whose test is not there, or that names none", () => {
    const [none, gone] = rowsOf(
      "| a | b | c | d |\n| --- | --- | --- | --- |\n| x | y | z | |\n| x | y | z | [`t`](../test/from-0.2.0.test.ts) no such |",
    )
    expect(none?.shownBy).toEqual([])
    expect(gone?.shownBy).toEqual([{ file: "test/from-0.2.0.test.ts", title: "no such" }])
    expect(hasTest("test/cli/old-flags.test.ts", "no such")).toBe(false)
  })
})

it("docs/from-0.2.0.md shows the summary as enable ends with it", () => {
  const pids = "4711"
  const lines = olderReleaseLines(
    {
      agents: ["engineer_alice", "manager", "reviewer_alice"],
      waiting: [],
      session: "the first conversation with the manager goes on with the last one that codex has of it; …",
      replies: 2,
      keptUnit: "/etc/systemd/system/ai-agent-proxy.service.from-0.2.0",
      toDo: [{ what: `sessions of its agents still run (pid ${pids})`, next: `kill -9 ${pids}` }],
    },
    ["address 0.0.0.0", "port 7055", "CLI codex", "its key"],
  )
  expect(page).toContain(`\n${lines.join("\n")}\n`)
})
