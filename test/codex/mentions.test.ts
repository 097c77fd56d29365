import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterEach, expect, it } from "vitest"
import { CodexBackend } from "../../src/backends/codex/backend.ts"
import { BackendMemory } from "../../src/backends/kit/backend-context.ts"
import { inputOf, noOptions, runTurn } from "../contract/turn-recording.ts"
import { startModelServer } from "../model-server/model-server.ts"
import { userTextsOf } from "../model-server/request-readers.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { createCodexHome } from "../support/codex-home.ts"
import { createTempDir } from "../support/temp-dir.ts"

const cleanUps: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

const skill = "---\nname: lighthouse\ndescription: About lighthouses\n---\nKeep the lamp burning.\n"

it.each(["scripted-1", "gpt-5.5", "gpt-6-sol"])(
  "a text that names a skill of the person's is a text: the skill is not added (%s)",
  { timeout: 60_000 },
  async (model) => {
    const server = await startModelServer()
    cleanUps.push(() => server.close())
    const home = await createCodexHome({ modelUrl: server.url, model })
    cleanUps.push(() => home.remove())
    const workspace = await createTempDir("workspace")
    cleanUps.push(() => workspace.remove())
    const folder = join(home.home, "skills", "lighthouse")
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, "SKILL.md"), skill)
    const backend = new CodexBackend({
      executable: codexExecutable(),
      cwd: workspace.path,
      env: home.env,
      model: null,
      permissions: "full",
      memory: new BackendMemory(),
      onEvent: () => {},
      log: () => {},
    })
    cleanUps.push(() => backend.stop())
    const thread = await backend.openThread(noOptions)
    for (const text of [
      "What does $lighthouse cost?",
      "Run `echo $lighthouse`.",
      `See [it](skill://${join(folder, "SKILL.md")}) and [$lighthouse](${join(folder, "SKILL.md")}).`,
    ]) {
      const sent = `${text} [[say:seen]]`
      const { answer } = await runTurn(backend, thread, inputOf(sent))
      expect(answer).toBe("seen")
      const request = server.requests.at(-1)
      expect(request && userTextsOf(request).at(-1)).toBe(sent)
      expect(JSON.stringify(request?.posted)).not.toContain("Keep the lamp burning")
    }
  },
)
