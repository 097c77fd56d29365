import { chmodSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { startTestService, type TestService, type TestServiceOptions } from "../support/test-service.ts"

const flags = ["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]

let folder: TempDir
let service: TestService | null

beforeEach(async () => {
  folder = await createTempDir("cli")
  service = null
})
afterEach(async () => {
  await service?.stop()
  await folder.remove()
})

/** A script that knows exec's arguments, records them, and prints plain text. */
function writeCli(name: string, body: string): string {
  const file = join(folder.path, name)
  writeFileSync(
    file,
    `#!/bin/sh
[ "$2" = "--help" ] && { ${body.includes("cat") ? "echo 'usage: exec [PROMPT] (- reads stdin)'" : "echo 'usage: exec [PROMPT]'"}; exit 0; }
[ "$1" = "exec" ] || exit 2
for argument in "$@"; do printf '%s\\0' "$argument"; done >> "${folder.path}/argv"
printf '\\n\\0' >> "${folder.path}/argv"
${body}
`,
  )
  chmodSync(file, 0o755)
  return file
}

/** The recorded argument lists, one a run. */
function runs(): string[][] {
  const all = readFileSync(join(folder.path, "argv"), "utf8").split("\0")
  const lists: string[][] = [[]]
  for (const argument of all.slice(0, -1)) {
    if (argument === "\n") lists.push([])
    else lists.at(-1)?.push(argument)
  }
  return lists.slice(0, -1)
}

async function start(cli: string, options: TestServiceOptions = {}): Promise<TestService> {
  service = await startTestService({ ...options, cli })
  return service
}

const echoLast = 'for last in "$@"; do :; done; printf "heard: %s" "$last"'

describe("a shell script that knows only exec's arguments", () => {
  it("serves both endpoints, whole and streaming", async () => {
    const { client } = await start(writeCli("agent", echoLast))
    const response = await client.responses.create({ model: "manager", input: "one" })
    expect(response.output_text).toMatch(/^heard: [\s\S]*one$/)
    const chat = await client.chat.completions
      .stream({ model: "manager", messages: [{ role: "user", content: "two" }] })
      .finalContent()
    expect(chat).toMatch(/^heard: [\s\S]*two$/)
    const streamed = client.responses.stream({ model: "manager", input: "three" })
    expect((await streamed.finalResponse()).output_text).toMatch(/^heard: [\s\S]*three$/)
    const whole = await client.chat.completions.create({
      model: "manager",
      messages: [{ role: "user", content: "four" }],
    })
    expect(whole.choices[0]?.message.content).toMatch(/^heard: [\s\S]*four$/)
    expect(runs()).toHaveLength(4)
    for (const argv of runs()) {
      expect(argv.slice(0, 3)).toEqual(["exec", ...flags])
      expect(argv).toHaveLength(4)
    }
  })

  it("is told the history in its prompt where it has no session", async () => {
    const { client } = await start(writeCli("agent", 'echo "an answer"'))
    const first = await client.responses.create({ model: "manager", input: "my word is apple" })
    await client.responses.create({ model: "manager", previous_response_id: first.id, input: "what is it?" })
    const prompt = runs()[1]?.at(-1) ?? ""
    const places = ["my word is apple", "an answer", "what is it?"].map((text) => prompt.indexOf(text))
    expect(places).not.toContain(-1)
    expect(places).toEqual([...places].sort((a, b) => a - b))
  })

  it("goes on in its last session when sessions are shared, by the documented arguments exactly", async () => {
    const { client } = await start(writeCli("agent", echoLast), { config: { sessions: "shared" } })
    await client.responses.create({ model: "manager", input: "hello" })
    expect(runs()[0]?.slice(0, -1)).toEqual(["exec", "resume", "--last", ...flags])
  })

  it("gets 90 kB and shell words as they are", async () => {
    const { client } = await start(writeCli("agent", echoLast))
    const long = `$(touch ${folder.path}/owned) \`id\` "quoted" ${"ä".repeat(45_000)}`
    await client.responses.create({ model: "manager", input: long })
    expect(runs()[0]?.at(-1)).toContain(long)
  })

  it("gets a prompt by stdin when it is long or begins with a dash, if it reads stdin; else a 400 says so", async () => {
    const reads = await start(writeCli("reads", `cat > "${folder.path}/stdin"; echo done`))
    const long = "x".repeat(150_000)
    const answer = await reads.client.responses.create({ model: "manager", input: long })
    expect(answer.output_text.trim()).toBe("done")
    expect(runs()[0]?.at(-1)).toBe("-")
    expect(readFileSync(join(folder.path, "stdin"), "utf8")).toContain(long)
    await reads.stop()
    const deaf = await start(writeCli("deaf", echoLast))
    await expect(deaf.client.responses.create({ model: "manager", input: long })).rejects.toMatchObject({
      status: 400,
      message: expect.stringMatching(/not by stdin/),
    })
    // With the agent's instructions in front of it, a dash is the beginning of nothing.
    const dashed = await deaf.client.responses.create({ model: "manager", input: "-v is what I type" })
    expect(dashed.output_text).toMatch(/-v is what I type$/)
  })

  it("that fails is a 400 with what it said, for nobody knows what it has done, and the next turn runs", async () => {
    const { client } = await start(
      writeCli("agent", 'case "$*" in *boom*) echo "out of luck" >&2; exit 3;; esac; echo fine'),
    )
    await expect(client.responses.create({ model: "manager", input: "boom" })).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining("out of luck"),
    })
    expect((await client.responses.create({ model: "manager", input: "again" })).output_text.trim()).toBe(
      "fine",
    )
  })
})
