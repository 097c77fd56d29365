import { existsSync, readFileSync } from "node:fs"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import type { Build } from "../../faults/support/build.ts"
import { ServiceUnderTest } from "../../faults/support/service-under-test.ts"
import { type ModelServer, startModelServer } from "../../model-server/model-server.ts"
import { createClaudeHome } from "../../support/claude-home.ts"
import { codexExecutable } from "../../support/codex-binary.ts"
import { createCodexHome } from "../../support/codex-home.ts"
import { testCli } from "../../support/test-clis.ts"

export interface ScriptedServiceOptions {
  /** Default: codex. */
  readonly cli?: "codex" | "claude"
  /** Keys by name; none: no key is wanted. */
  readonly keys?: Readonly<Record<string, string>>
  /** As in `[limits]` of `config.toml`. */
  readonly limits?: Readonly<Record<string, number>>
  /** As in `config.toml`. */
  readonly sessionHeaders?: readonly string[]
}

export interface ScriptedService {
  readonly url: string
  /** With `/v1`. */
  readonly baseUrl: string
  /** Where the agent works. */
  readonly work: string
  readonly home: string
  readonly logFile: string
  /** What the agent CLI asked it is in `model.requests`. */
  readonly model: ModelServer
  /** Directive for a message: the agent runs a command that `ran` counts. */
  command(mark: string): string
  /** How often the command with this mark was run. */
  ran(mark: string): number
  /**
   * Of the turns that have ended and were begun at `since` (`Date.now()`) or later, oldest first: `completed`, `cancelled`, ... Each is
   * written behind its answer, so those of earlier turns may be written later than `since`.
   */
  ends(since?: number): readonly string[]
  /** The agent CLI's own threads that its model was asked in (with these words), oldest first; codex only. */
  threads(words?: string): readonly string[]
  /** `kill -9`, and its end. `stop` is safe behind it. */
  kill(): Promise<void>
  stop(): Promise<void>
}

/** `folder`: of this service alone. Throws where the CLI is not installed. */
export async function startScriptedService(
  build: Build,
  folder: string,
  { cli = "codex", ...options }: ScriptedServiceOptions,
): Promise<ScriptedService> {
  const executable = cli === "codex" ? codexExecutable() : testCli(cli)
  if (executable === null) throw new Error(`${cli} is not installed: sh scripts/install-test-clis.sh`)
  const work = join(folder, "work")
  await mkdir(work, { recursive: true })
  const model = await startModelServer({ maxRequests: 2000 })
  const home = await (cli === "codex" ? createCodexHome : createClaudeHome)({ modelUrl: model.url })
  const stopOthers = async () => {
    await model.close()
    await home.remove()
  }
  const started = ServiceUnderTest.start({ ...options, build, folder, cli: executable, env: home.env })
  const service = await started.catch(async (error: unknown) => {
    await stopOthers()
    throw error
  })
  const marks = join(work, "marks.txt")
  const url = `http://127.0.0.1:${service.port}`
  return {
    url,
    baseUrl: `${url}/v1`,
    work,
    home: service.home,
    logFile: service.logFile,
    model,
    command: (mark) => `[[shell:echo ${mark} >> ${marks}]]`,
    ran: (mark) => linesOf(marks).filter((line) => line === mark).length,
    ends: (since = 0) =>
      linesOf(join(service.home, "manager", "logs", "turns.jsonl"))
        .map((line) => JSON.parse(line))
        .filter(({ at, duration_ms }) => Date.parse(at) - duration_ms >= since)
        .map(({ status }) => String(status)),
    threads: (words = "") => {
      const asked = model.requests.filter(({ body }) => JSON.stringify(body).includes(words))
      return [...new Set(asked.map(({ headers }) => headers["thread-id"] ?? ""))]
    },
    kill: () => service.kill(),
    stop: async () => {
      await service.stop()
      await stopOthers()
    },
  }
}

function linesOf(file: string): string[] {
  return existsSync(file)
    ? readFileSync(file, "utf8")
        .split("\n")
        .filter((line) => line !== "")
    : []
}
