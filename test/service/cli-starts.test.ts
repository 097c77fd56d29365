import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { agentPath } from "../agents/agents.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { startTestService, type TestService } from "../support/test-service.ts"

const node = `'${process.execPath}' --disable-warning=ExperimentalWarning`

/** Real codex, and scripted programs of the other two kinds that stay warm. */
const programs = {
  codex: `exec '${codexExecutable()}' "$@"`,
  claude: `exec ${node} '${agentPath("fake-claude.ts")}' "$@"`,
  gemini: `exec ${node} '${agentPath("acp-agent.ts")}'`,
}

let folder: TempDir
let service: TestService

beforeEach(async () => {
  folder = await createTempDir("starts")
  writeFileSync(join(folder.path, ".credentials.json"), "{}")
  service = await startTestService({ env: { CLAUDE_CONFIG_DIR: folder.path } })
})
afterEach(async () => {
  await service.stop()
  await folder.remove()
})

/** A program that notes each of its starts. */
function install(name: keyof typeof programs): string {
  const file = join(folder.path, name, name)
  mkdirSync(join(folder.path, name))
  writeFileSync(file, `#!/bin/sh\necho "$*" >> '${folder.path}/${name}/starts'\n${programs[name]}\n`)
  chmodSync(file, 0o755)
  return file
}

function starts(name: string): readonly string[] {
  const file = join(folder.path, name, "starts")
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []
}

it.each([
  // A thread of claude's is a process; the others have one for all.
  ["codex", 0],
  ["claude", 1],
  ["gemini", 0],
] as const)(
  "%s is started %i times by the first request of a thread, and not twice by any",
  async (name, first) => {
    const { agent } = await service.roster.hire({
      role: "engineer",
      name,
      settings: { cli: install(name) },
    })
    expect(agent.readiness).toEqual({ isReady: true })
    const model = `engineer_${name}`
    const { client } = service
    const before = starts(name)
    const asked = await client.responses.create({ model, input: "[[say:one]]" })
    expect(starts(name).slice(before.length)).toHaveLength(first)
    const again = starts(name).length
    await client.responses.create({ model, input: "[[say:two]]", previous_response_id: asked.id })
    const stream = await client.chat.completions.create({
      model,
      stream: true,
      messages: [
        { role: "user", content: "[[say:one]]" },
        { role: "assistant", content: asked.output_text },
        { role: "user", content: "[[say:three]]" },
      ],
    })
    for await (const _ of stream) {
      // To its end.
    }
    // The last one edits the conversation: where a branch is a process of its own, that is the one start of that request.
    expect(starts(name).length - again).toBeLessThanOrEqual(first)
  },
)
