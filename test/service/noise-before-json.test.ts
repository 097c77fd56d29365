import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { createAcpHome } from "../support/acp-homes.ts"
import { createClaudeHome } from "../support/claude-home.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { missingCli, testCli } from "../support/test-clis.ts"
import { startTestService, type TestService } from "../support/test-service.ts"

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

/** What wrappers, shells' start files and updaters print in front of a program's own words. */
const noises = {
  title: "printf '\\033]0;my agent\\007'",
  notice: "printf 'Update available: {1.2.3}! '",
  lines: "printf '\\357\\273\\277\\r\\nWelcome back.\\r\\n\\033[1mUpdate available\\033[0m\\n\\n'",
}

const clis = [
  { name: "codex", executable: codexExecutable(), backend: "codex", program: /^codex \d+\.\d+\.\d+$/ },
  { name: "agent", executable: codexExecutable(), backend: "exec", program: /^codex-cli \d+\.\d+\.\d+$/ },
  { name: "claude", executable: testCli("claude"), backend: "claude", program: /^claude \d+\.\d+\.\d+$/ },
  { name: "gemini", executable: testCli("gemini"), backend: "gemini", program: /^gemini \d+\.\d+\.\d+$/ },
] as const

describe.each(clis)("noise in front of the first line of $name ($backend)", (cli) => {
  const { name, executable, backend, program } = cli
  let service: TestService
  let folder: TempDir
  const cleanUps: (() => Promise<unknown>)[] = []

  beforeAll(async () => {
    if (executable === null) return
    folder = await createTempDir("noise")
    cleanUps.push(() => folder.remove())
    service = await startTestService({
      env: async (modelUrl) => {
        const claude = await createClaudeHome({ modelUrl })
        const gemini = await createAcpHome("gemini", modelUrl)
        cleanUps.push(claude.remove, gemini.remove)
        return { ...claude.env, ...gemini.env }
      },
    })
    cleanUps.push(() => service.stop())
  })
  afterAll(async () => {
    for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
  })

  /** The CLI behind a script of its name, which prints first. */
  function noisy(kind: keyof typeof noises): string {
    mkdirSync(join(folder.path, kind), { recursive: true })
    const file = join(folder.path, kind, name)
    const exec = backend === "exec" ? '[ "$1" = app-server ] && exit 2\n' : ""
    writeFileSync(file, `#!/bin/sh\n${exec}${noises[kind]}\nexec '${executable}' "$@"\n`, { mode: 0o755 })
    return file
  }

  for (const kind of ["title", "notice", "lines"] as const) {
    it.skipIf(executable === null)(
      executable === null ? missingCli(name) : `is passed over (${kind})`,
      async () => {
        const settings = { cli: noisy(kind), model: backend === "gemini" ? "gemini-2.5-flash" : null }
        const { agent } = await service.roster.hire({ role: "engineer", name: kind, settings })
        expect([agent.readiness, agent.backend]).toEqual([{ isReady: true }, backend])
        expect(agent.capabilities).toMatchObject({
          program: expect.stringMatching(program),
          hasFunctions: true,
        })
        const response = await service.client.responses.create({ model: agent.id, input: "[[say:heard]]" })
        expect(response.output_text).toBe("heard")
        if (kind !== "lines") return
        const words = service.logged.filter(({ message }) => /is passed over/.test(message))
        expect(words.map(({ fields }) => fields)).toContainEqual(
          expect.objectContaining({ line: "Update available" }),
        )
      },
    )
  }
})
