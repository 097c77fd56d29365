import { cp, readdir, readFile, writeFile } from "node:fs/promises"
import { basename, join, relative } from "node:path"
import { imagesOf } from "../../model-server/request-readers.ts"
import { waitFor } from "../../support/wait-for.ts"
import type { Asker, Bench, RealClient } from "../real-client.ts"
import { install } from "./cache.ts"
import { equal, includes } from "./expect.ts"
import { javaClassPath, javaOptions } from "./java.ts"
import { onePixelPng } from "./picture.ts"
import type { Program, ProgramResult } from "./program.ts"
import type { ScriptedService, ScriptedServiceOptions } from "./scripted-service.ts"

/** One way in which a library asks: over chat, over Responses, by another of its classes. */
export interface LibraryWay {
  readonly name: string
  /** What the library has no word for, with the reason. */
  readonly cannot?: Partial<Record<LibraryAction, string>>
  /** Directives that make the agent's model answer this text, in the form that the library takes for an answer. */
  readonly say?: (text: string) => string
  /** The same where an answer of a form is wanted; default: `[[schema]]`. */
  readonly shape?: string
  /** How many threads of the agent a conversation of two turns may have; default: one. */
  readonly threads?: number
  /** Under which the library offers `get_weather`, where it gives it another name. */
  readonly functionName?: string
  readonly env?: Readonly<Record<string, string>>
}

export type LibraryAction = "ask" | "chat" | "tool" | "picture" | "shape" | "stream"

/** How a program that asks by the library is started; `WAY ACTION TEXT...` come behind its arguments. */
export interface LibraryProgram {
  readonly command: string
  readonly args: readonly string[]
}

export interface Library {
  /** With versions. */
  readonly programs: readonly string[]
  readonly limitMinutes: number
  /**
   * Installs what is pinned, and says how a program is started that does ACTION with the texts by WAY, asks at `BASE_URL` of the
   * environment and prints the answer. Null, with a skip, where it cannot be run here.
   */
  readonly install: (bench: Bench) => Promise<LibraryProgram | null>
  readonly ways: readonly LibraryWay[]
  /** Settings of the service that its page asks for. */
  readonly service?: ScriptedServiceOptions
}

/** Of a library of Python: `client.py` and `requirements.txt` are in this folder. */
export function pythonProgram(folder: string): Library["install"] {
  return async (bench) => {
    const environment = await bench.pythonEnvironment(join(folder, "requirements.txt"))
    if (environment === null) return null
    return { command: join(environment, "bin/python"), args: [join(folder, "client.py")] }
  }
}

/** Of a library of JavaScript: `client.mjs`, `package.json` and its lockfile are in this folder. */
export function nodeProgram(folder: string): Library["install"] {
  return async (bench) => ({
    command: process.execPath,
    args: [join(await bench.npmPackages(folder), "client.mjs")],
  })
}

/** Of a library of Go: the sources, `go.mod` and `go.sum` are in this folder. */
export function goProgram(folder: string): Library["install"] {
  return builtProgram("Go", folder, {
    compiler: "go",
    version: "version",
    build: ["build", "-trimpath", "-o", "client", "."],
    built: "client",
  })
}

/** Of a library of Rust: `src/` and `Cargo.toml` are in this folder. A lock of cargo's names its registry: there is none. */
export function rustProgram(folder: string): Library["install"] {
  return builtProgram("Rust", folder, {
    compiler: "cargo",
    version: "--version",
    build: ["build", "--quiet", "--target-dir", "target"],
    built: "target/debug/client",
  })
}

interface Build {
  readonly compiler: string
  readonly version: string
  readonly build: readonly string[]
  /** Where the program is then. */
  readonly built: string
}

/** Built once for the same sources and pins. */
function builtProgram(
  language: string,
  folder: string,
  { compiler, version, build, built }: Build,
): Library["install"] {
  return async (bench) => {
    const missing = await install(compiler, [version], folder).then(() => null, String)
    if (missing !== null) {
      bench.skip(basename(folder), `needs ${language} on the PATH: ${missing}`)
      return null
    }
    const files = await sourcesOf(folder)
    const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")))
    const into = await bench.installed(`${basename(folder)}-${compiler}`, texts.join("\n"), async (made) => {
      for (const file of files) await cp(join(folder, file), join(made, file))
      await install(compiler, build, made)
    })
    return { command: join(into, built), args: [] }
  }
}

/** Everything but the checks. */
async function sourcesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".ts"))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .toSorted()
}

/** Of a library of Java: `Client.java` and `pom.xml` are in this folder. */
export function javaProgram(folder: string): Library["install"] {
  return async (bench) => {
    const classPath = await javaClassPath(bench, folder)
    return classPath === null ? null : { command: "java", args: [...javaOptions, "-cp", classPath, "Client"] }
  }
}

/**
 * What every library is to do: the agent's own command in the first and in the second turn of a conversation, a function, a
 * picture, an answer of a form, a stop in the middle of a stream.
 */
export function libraryClient(library: Library): RealClient {
  const { programs, limitMinutes, install, ways } = library
  return {
    programs,
    limitMinutes,
    run: async (bench) => {
      const program = await install(bench)
      if (program === null) return
      const service = await bench.startService(library.service)
      await writeFile(join(bench.folder, "dot.png"), onePixelPng)
      for (const way of ways) await checkWay(bench, service, program, way)
    },
    askers: async (bench) => {
      const program = await install(bench)
      return program === null ? [] : ways.flatMap((way) => askersOf(bench, program, way))
    },
  }
}

/** Whole and streamed, where the way has both. */
function askersOf(bench: Bench, program: LibraryProgram, way: LibraryWay): Asker[] {
  return (["ask", "stream"] as const)
    .filter((action) => way.cannot?.[action] === undefined)
    .map((action) => ({
      name: `${way.name}, ${action === "ask" ? "whole" : "streamed"}`,
      say: sayOf(way),
      ask: (baseUrl, text, limitMs) =>
        bench.run({ ...startOf(bench, program, way, baseUrl, [action, text]), limitMs }),
    }))
}

const sayOf = (way: LibraryWay) => way.say ?? ((text: string) => `[[say:${text}]]`)

function startOf(
  bench: Bench,
  { command, args }: LibraryProgram,
  way: LibraryWay,
  baseUrl: string,
  [action, ...texts]: readonly [LibraryAction, ...string[]],
): Program {
  return {
    command,
    args: [...args, way.name, action, ...texts],
    cwd: bench.folder,
    env: {
      HOME: bench.folder,
      PYTHONUNBUFFERED: "1",
      OPENAI_API_KEY: "none",
      BASE_URL: baseUrl,
      ...way.env,
    },
  }
}

async function checkWay(
  bench: Bench,
  service: ScriptedService,
  program: LibraryProgram,
  way: LibraryWay,
): Promise<void> {
  const recorder = await bench.record(service.url)
  const run = (
    action: LibraryAction,
    texts: readonly string[],
    onOutput?: NonNullable<Program["onOutput"]>,
  ): Promise<ProgramResult> =>
    bench.run({
      ...startOf(bench, program, way, `${recorder.url}/v1`, [action, ...texts]),
      ...(onOutput !== undefined && { onOutput }),
    })
  const answer = async (action: LibraryAction, ...texts: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(action, texts)
    if (code !== 0) throw new Error(`it ended with ${code}: ${(stderr || stdout).slice(-700)}`)
    return stdout.trim()
  }
  const say = sayOf(way)
  const check = async (action: LibraryAction, what: string, work: () => Promise<void>) => {
    const why = way.cannot?.[action]
    const line = `${way.name}: ${what}`
    if (why === undefined) await bench.check(line, work)
    else bench.skip(line, why)
  }

  await check("ask", "the agent runs a command once, and its answer is given", async () => {
    equal(await answer("ask", `${service.command(way.name)}[[then]]${say("It is done.")}`), "It is done.")
    equal(service.ran(way.name), 1)
  })
  await check("chat", "a conversation goes on behind a command, and nothing is done twice", async () => {
    service.model.clearRequests()
    const mark = `${way.name}-first`
    const first = `${service.command(mark)}[[then]]${say("It is done.")}`
    equal(await answer("chat", first, say("And on.")), "And on.")
    equal(service.ran(mark), 1)
    includes(JSON.stringify(service.model.requests.at(-1)?.body.input), mark)
    equal(service.threads().length, way.threads ?? 1)
  })
  await check("tool", "the agent calls a function", async () => {
    const text = `${service.command(`${way.name}-tool`)}[[then]][[tool:${way.functionName ?? "get_weather"}:{"city":"Paris"}]][[then]]${say("Told.")}`
    equal(await answer("tool", text), "Told.")
    includes(JSON.stringify(service.model.requests.at(-1)?.body.input), "sunny in Paris")
    equal(service.ran(`${way.name}-tool`), 1)
  })
  await check("picture", "a picture comes to the agent", async () => {
    service.model.clearRequests()
    equal(await answer("picture", say("Seen.")), "Seen.")
    equal(service.model.requests.flatMap(imagesOf).length, 1)
  })
  await check("shape", "an answer has the form that was asked for", async () => {
    equal(JSON.parse(await answer("shape", way.shape ?? "[[schema]]")), { answer: "yes" })
  })
  await check("stream", "whoever stops in the middle of a stream stops the agent", async () => {
    // The line of the turn before may not be written yet.
    const cancelled = () => service.ends().filter((end) => end === "cancelled").length
    const before = cancelled()
    const late = `${way.name}-late`
    await run("stream", [`[[slow:2000]]${service.command(late)}`], (text, child) => {
      if (text.includes("3")) child.kill("SIGKILL")
    })
    await waitFor(() => cancelled() > before, { what: "the turn to be cancelled", timeoutMs: 20_000 })
    equal(service.ran(late), 0)
  })
  recorder.close()
}
