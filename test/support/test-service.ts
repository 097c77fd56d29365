import { join } from "node:path"
import OpenAI from "openai"
import type { Config, Limits } from "../../src/config/config.ts"
import { resolveConfig } from "../../src/config/resolve-config.ts"
import type { UrlFetcher } from "../../src/domain/files.ts"
import type { Roster } from "../../src/domain/roster.ts"
import { type Service, startService } from "../../src/service/service.ts"
import type { ServiceLog, ServiceOptions } from "../../src/service/starting.ts"
import { exchangeFaults } from "../clients/exchange-faults.ts"
import { recordingFetch } from "../clients/recording-fetch.ts"
import { type ModelServer, startModelServer } from "../model-server/model-server.ts"
import { codexExecutable } from "./codex-binary.ts"
import { type CodexHome, createCodexHome } from "./codex-home.ts"
import { createTempDir, type TempDir } from "./temp-dir.ts"

export interface TestService {
  readonly url: string
  readonly client: OpenAI
  readonly model: ModelServer
  readonly codex: CodexHome
  /** Of the service. */
  readonly home: string
  readonly logged: readonly LoggedLine[]
  readonly roster: Roster
  /** Another client; `null` key sends none. */
  clientWith(options: { readonly apiKey?: string; readonly headers?: Record<string, string> }): OpenAI
  /** Reads what the official client hides; bodies and streams are checked as those of the clients are. */
  readonly fetch: typeof globalThis.fetch
  /** Stops the service and starts it again on the same home (and another port). */
  restart(): Promise<void>
  /** Throws when a body or an event stream that went to one of its clients was not valid. */
  stop(): Promise<void>
}

export interface LoggedLine {
  readonly level: string
  readonly message: string
  readonly fields: object
}

type Environment = Readonly<Record<string, string>>

export interface TestServiceOptions {
  /** Model name for codex: decides its tool mode. Null: none is configured. */
  readonly modelName?: string | null
  readonly config?: Partial<Omit<Config, "limits">>
  readonly limits?: Partial<Limits>
  readonly cli?: string
  /** Of the service, beside what codex needs; of the model's address where it depends on that. */
  readonly env?: Environment | ((modelUrl: string) => Promise<Environment>)
  /** The built-in demo agent answers when the CLI is not ready. */
  readonly demoFallback?: boolean
  /** In place of the one that reaches public addresses only. */
  readonly fetcher?: UrlFetcher
  readonly codexTimeouts?: ServiceOptions["codexTimeouts"]
}

/** The whole service in this process, on the real codex and the scripted model server. */
export async function startTestService(options: TestServiceOptions = {}): Promise<TestService> {
  const model = await startModelServer()
  const codex = await createCodexHome({
    modelUrl: model.url,
    ...(options.modelName === undefined ? {} : { model: options.modelName }),
  })
  const folder = await createTempDir("service")
  const logged: LoggedLine[] = []
  const config = configFor(folder, options)
  const more = typeof options.env === "function" ? await options.env(model.url) : options.env
  const start = (): Promise<Service> =>
    startService({
      config,
      env: { ...codex.env, ...more },
      log: recordingLog(logged),
      demoFallback: options.demoFallback === true,
      ...(options.fetcher !== undefined && { fetcher: options.fetcher }),
      codexTimeouts: options.codexTimeouts ?? {},
    })
  let service = await start()

  const recording = recordingFetch()
  const clientWith: TestService["clientWith"] = ({ apiKey, headers }) =>
    new OpenAI({
      baseURL: `${service.url}/v1`,
      apiKey: apiKey ?? "none",
      maxRetries: 0,
      fetch: recording.fetch,
      ...(headers === undefined ? {} : { defaultHeaders: headers }),
    })
  let client = clientWith({})
  return {
    get url() {
      return service.url
    },
    get client() {
      return client
    },
    model,
    codex,
    home: config.home,
    logged,
    get roster() {
      return service.roster
    },
    clientWith,
    fetch: recording.fetch,
    restart: async () => {
      await service.stop()
      service = await start()
      client = clientWith({})
    },
    stop: async () => {
      await service.stop()
      const faults = (await recording.exchanges()).flatMap(exchangeFaults)
      await model.close()
      await codex.remove()
      await folder.remove()
      if (faults.length > 0) throw new Error(`answers of the service were not valid:\n${faults.join("\n")}`)
    },
  }
}

function configFor(folder: TempDir, options: TestServiceOptions): Config {
  const home = join(folder.path, "home")
  const base = resolveConfig({
    flags: { home, port: "0", cli: options.cli ?? codexExecutable(), workingDir: join(folder.path, "work") },
    env: {},
    homeDir: folder.path,
    readFile: () => null,
  })
  return {
    ...base,
    ...options.config,
    passEnv: ["SCRIPTED_MODEL_KEY"],
    limits: { ...base.limits, drainMs: 1000, disconnectGraceMs: 100, repeatGraceMs: 100, ...options.limits },
  }
}

function recordingLog(lines: LoggedLine[]): ServiceLog {
  const log = (level: string) => (fields: object, message: string) => {
    lines.push({ level, message, fields })
  }
  return { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") }
}
