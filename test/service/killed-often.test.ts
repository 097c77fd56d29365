import { chmodSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { APIError } from "openai"
import { afterEach, beforeEach, expect, it } from "vitest"
import { agentPath } from "../agents/agents.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { startTestService, type TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

let folder: TempDir
let service: TestService

beforeEach(async () => {
  folder = await createTempDir("killed-often")
  service = await startTestService()
})
afterEach(async () => {
  await service.stop()
  await folder.remove()
})

function installGemini(): string {
  const file = join(folder.path, "bin", "gemini")
  mkdirSync(join(folder.path, "bin"))
  const node = `'${process.execPath}' --disable-warning=ExperimentalWarning`
  writeFileSync(file, `#!/bin/sh\nexec ${node} '${agentPath("acp-agent.ts")}'\n`)
  chmodSync(file, 0o755)
  return file
}

const pidOf = (id: string) => service.roster.list().find((agent) => agent.id === id)?.pid ?? null

/** Until the pause before its next start is far longer than requests are kept waiting, so that a busy machine may take its time. */
async function killOften(id: string): Promise<void> {
  let last = 0
  for (let count = 0; count < 6; count += 1) {
    const pid = await waitFor(() => [pidOf(id)].find((found) => found !== null && found !== last), {
      what: `life ${count + 1} of ${id}`,
      timeoutMs: 30_000,
    })
    if (pid == null) throw new Error("no pid")
    process.kill(pid, "SIGKILL")
    last = pid
  }
  await waitFor(() => pidOf(id) === null, { what: `the last death of ${id}` })
}

/** A stream may have its head before it is refused: on a busy machine. */
async function toldIn(answer: unknown): Promise<string> {
  const told: unknown[] = []
  try {
    for await (const event of answer as AsyncIterable<unknown>) told.push(event)
  } catch (error) {
    told.push(error instanceof APIError ? error.code : String(error))
  }
  return JSON.stringify(told)
}

it("a CLI that is killed again and again is told as busy for so long: it comes back by itself", async () => {
  const names = { codex: codexExecutable(), gemini: installGemini() }
  const agents = Object.entries(names)
  await Promise.all(
    agents.map(([name, cli]) => service.roster.hire({ role: "engineer", name, settings: { cli } })),
  )
  await Promise.all(
    agents.map(async ([name]) => {
      const model = `engineer_${name}`
      await killOften(model)
      const { client } = service
      const messages = [{ role: "user" as const, content: "hello" }]
      const refused = await Promise.all(
        [false, true].flatMap((stream) => [
          client.responses.create({ model, input: "hello", stream }).catch((error: unknown) => error),
          client.chat.completions.create({ model, messages, stream }).catch((error: unknown) => error),
        ]),
      )
      for (const error of refused) {
        if (!(error instanceof APIError)) {
          expect(await toldIn(error)).toContain("agent_unavailable")
          continue
        }
        expect([name, error.status, error.code]).toEqual([name, 503, "agent_unavailable"])
        const seconds = Number(error.headers.get("retry-after"))
        expect(seconds).toBeGreaterThan(4)
        // 16 s behind the sixth death; a start that a busy machine has cut short is one more.
        expect(seconds).toBeLessThanOrEqual(32)
        expect(error.message).toMatch(/SIGKILL/)
      }
      await waitFor(() => pidOf(model) !== null, { what: `${model} to be back`, timeoutMs: 60_000 })
    }),
  )
}, 180_000)
