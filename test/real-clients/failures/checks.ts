import { join } from "node:path"
import type { Bench, RealClient } from "../real-client.ts"
import { equal } from "../support/expect.ts"
import { javaClassPath, javaOptions } from "../support/java.ts"
import { goProgram } from "../support/library-checks.ts"
import type { ScriptedService } from "../support/scripted-service.ts"

/** What one client library does with failures, as `docs/clients/failures.md` has it. */
export const client: RealClient = {
  programs: [
    "openai 7.59.0, ai 7.0.173, @langchain/openai 1.6.0",
    "openai-python 3.51.0, langchain-openai 1.7.4, LiteLLM 1.108.7",
    "openai-go 3.98.0, go-openai 1.43.0, langchaingo 0.1.14",
    "openai-java 4.101.0, langchain4j 1.19.0, spring-ai 2.0.1",
  ],
  limitMinutes: 60,
  run: async (bench) => {
    // Whole answers of the one begin late, those of the other at once.
    const late = await bench.startService({ limits: { keep_alive_ms: 60_000 } })
    const early = await bench.startService({ limits: { keep_alive_ms: 500 } })
    const rows: Row[] = []
    for (const language of (process.env.FAILURES ?? "javascript,python,go,java").split(",")) {
      const make = languages[language]
      if (make === undefined) throw new Error(`FAILURES: no ${language}`)
      for (const library of await make(bench)) await checkLibrary(bench, library, late, early, rows)
    }
    for (const row of rows) console.log(`| ${row.join(" | ")} |`)
  },
}

/** Whose libraries ask; `FAILURES=go` takes some of them. */
const languages: Readonly<Record<string, (bench: Bench) => Promise<Library[]>>> = {
  javascript,
  python,
  go,
  java,
}

type Api = "chat" | "responses"
type Mode = "whole" | "stream"
type Row = readonly [library: string, way: string, failure: string, posts: number, runs: number, told: string]

interface Library {
  readonly name: string
  readonly apis: readonly Api[]
  /** It says which of its requests is a repeat, and takes a limit of time. */
  readonly saysRepeats: boolean
  /** Its most POSTs for a stream of Responses whose agent has done nothing, where it goes by the code of the `error` event; else 1. */
  readonly mostPostsUnacted?: number
  ask(api: Api, mode: Mode, env: Readonly<Record<string, string>>): Promise<string>
}

const both: readonly Api[] = ["chat", "responses"]

async function javascript(bench: Bench): Promise<Library[]> {
  const folder = await bench.npmPackages(join(import.meta.dirname, "js"))
  const of = (library: string, name: string, apis: readonly Api[], saysRepeats: boolean): Library => ({
    name,
    apis,
    saysRepeats,
    ask: (api, mode, env) =>
      ask(bench, { command: process.execPath, args: ["ask.js", library, api, mode], cwd: folder, env }),
  })
  return [
    of("openai", "openai (JavaScript)", both, true),
    // Its own two repeats, see `docs/clients/failures.md`.
    { ...of("ai", "ai", both, false), mostPostsUnacted: 3 },
    of("ai-compat", "ai, openai-compatible", ["chat"], false),
    // Its repeats are its own, and the SDK beneath it says nothing of them.
    of("langchain", "LangChain (JavaScript)", both, false),
  ]
}

async function python(bench: Bench): Promise<Library[]> {
  const folder = join(import.meta.dirname, "python")
  const environment = await bench.pythonEnvironment(join(folder, "requirements.txt"))
  if (environment === null) return []
  const of = (library: string, name: string, saysRepeats: boolean): Library => ({
    name,
    apis: both,
    saysRepeats,
    ask: (api, mode, env) =>
      ask(bench, {
        command: join(environment, "bin/python"),
        args: ["ask.py", library, api, mode],
        cwd: folder,
        env: { ...env, LITELLM_LOCAL_MODEL_COST_MAP: "True", LANGSMITH_TRACING: "false" },
      }),
  })
  return [
    of("openai", "openai (Python)", true),
    of("langchain", "LangChain (Python)", true),
    of("litellm", "LiteLLM", false),
  ]
}

async function go(bench: Bench): Promise<Library[]> {
  const program = await goProgram(join(import.meta.dirname, "go"))(bench)
  if (program === null) return []
  const of = (library: string, apis: readonly Api[], saysRepeats: boolean): Library => ({
    name: library,
    apis,
    saysRepeats,
    ask: (api, mode, env) =>
      ask(bench, { command: program.command, args: [library, api, mode], cwd: bench.folder, env }),
  })
  return [of("openai-go", both, true), of("go-openai", ["chat"], false), of("langchaingo", ["chat"], false)]
}

/** With the libraries of the folders that are named after them; each program is compiled when it is started. */
async function java(bench: Bench): Promise<Library[]> {
  const folders = join(import.meta.dirname, "..")
  const libraries: Library[] = []
  const add = async (name: string, program: string, apis: readonly Api[], saysRepeats: boolean) => {
    const classPath = await javaClassPath(bench, join(folders, name))
    if (classPath === null) return
    const source = join(import.meta.dirname, "java", program)
    libraries.push({
      name,
      apis,
      saysRepeats,
      ask: (api, mode, env) =>
        ask(bench, {
          command: "java",
          args: [...javaOptions, "-cp", classPath, source, api, mode],
          cwd: bench.folder,
          env,
        }),
    })
  }
  await add("openai-java", "OpenaiJava.java", both, true)
  await add("langchain4j", "Langchain4j.java", both, false)
  // It asks by openai-java.
  await add("spring-ai", "SpringAi.java", ["chat"], true)
  return libraries
}

/** The answer, or `error: ` with what was raised. */
async function ask(bench: Bench, program: Parameters<Bench["run"]>[0]): Promise<string> {
  const { stdout, stderr } = await bench.run({ ...program, limitMs: 110_000 })
  const line = stdout.trim().split("\n").at(-1) ?? ""
  const told = JSON.parse(line === "" ? JSON.stringify({ error: stderr.slice(-300) }) : line)
  return told.error === undefined ? String(told.text) : `error: ${told.error}`
}

let marks = 0

async function checkLibrary(
  bench: Bench,
  library: Library,
  late: ScriptedService,
  early: ScriptedService,
  rows: Row[],
): Promise<void> {
  for (const api of library.apis) {
    for (const mode of ["whole", "stream"] as const) {
      await checkFailure(bench, library, api, mode, late, "fails after a command", rows)
      await checkFailure(bench, library, api, mode, late, "is refused by the model before it acts", rows)
      if (mode === "stream") continue
      await checkFailure(bench, library, api, mode, early, "fails after a command, its body begun", rows)
      if (library.saysRepeats)
        await checkFailure(bench, library, api, mode, late, "is given up by the client", rows)
    }
  }
}

const scripts = {
  "fails after a command": "[[then]][[status:400]]",
  "is refused by the model before it acts": "[[status:400]]",
  "fails after a command, its body begun": "[[then]][[shell:sleep 3]][[then]][[status:400]]",
  "is given up by the client": "[[then]][[shell:sleep 8]][[then]][[say:It is done.]]",
}

/** The person is told, the agent runs the command once at most, and the client does not ask again where it must not. */
async function checkFailure(
  bench: Bench,
  library: Library,
  api: Api,
  mode: Mode,
  service: ScriptedService,
  failure: keyof typeof scripts,
  rows: Row[],
): Promise<void> {
  marks += 1
  const mark = `mark-${marks}`
  const acts = failure !== "is refused by the model before it acts"
  const isGivenUp = failure === "is given up by the client"
  const recorder = await bench.record(service.url)
  let told = ""
  const label = `${library.name}, ${api}, ${mode}: a turn that ${failure}`
  await bench.check(label, async () => {
    told = await library.ask(api, mode, {
      BASE_URL: `${recorder.url}/v1`,
      PROMPT: `${acts ? service.command(mark) : ""}${scripts[failure]}`,
      HOME: bench.folder,
      PATH: process.env.PATH ?? "",
      ...(isGivenUp && { TIME_OUT_MS: "5000" }),
    })
    const posts = recorder.requests.filter(({ method }) => method === "POST").length
    const runs = service.ran(mark)
    rows.push([library.name, `${api}, ${mode}`, failure, posts, runs, told.replaceAll("|", "/").slice(0, 80)])
    equal(runs, acts ? 1 : 0, told)
    if (isGivenUp) equal({ told, isRepeated: posts > 1 }, { told: "It is done.", isRepeated: true })
    else {
      const mostPosts =
        !acts && api === "responses" && mode === "stream" ? (library.mostPostsUnacted ?? 1) : 1
      const isBound = posts >= 1 && posts <= mostPosts
      equal(
        { isBound, isTold: told.startsWith("error: ") },
        { isBound: true, isTold: true },
        `${posts} POSTs: ${told}`,
      )
    }
  })
}
