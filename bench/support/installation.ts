import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { chmod, copyFile, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { stripTypeScriptTypes } from "node:module"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { promisify } from "node:util"
import { nodeOptions as serviceOptions } from "../../src/supervise/machine/service-spec.ts"
import { stubLauncher } from "./stub-launcher.ts"

const root = resolve(import.meta.dirname, "../..")
const bench = resolve(import.meta.dirname, "..")
const programs = ["stub-agent", "app-server-client", "bare-service", "raw-exec"] as const

/** One build of the service. */
export interface Build {
  /** The command as a user has it on the PATH. */
  readonly launcher: string
  /** Options of `node` for every daemon: those that its service has, and what one wants to try. */
  readonly nodeOptions: readonly string[]
}

/** What is measured, apart from the source tree, so that a build in between changes nothing. */
export interface Installation {
  readonly ours: Build
  /** The build to compare with; null: none was named. */
  readonly before: Build | null
  readonly bareService: string
  readonly rawExec: string
  /** An agent CLI that speaks app-server, and one that only knows `exec`. */
  readonly appServerStub: string
  readonly execStub: string
  remove(): Promise<void>
}

export interface InstallOptions {
  /** A build to measure in place of this checkout's; like `against`, a checkout that is built, or its `dist`. */
  readonly dist?: string | undefined
  readonly against?: string | undefined
  /** More options of `node` for this build. */
  readonly nodeOptions?: readonly string[]
}

/**
 * Puts the builds and the programs of the bench into a folder below `node_modules`, where packages are found. All run as plain
 * JavaScript: stripping types costs time and memory.
 */
export async function install({ dist, against, nodeOptions = [] }: InstallOptions): Promise<Installation> {
  const folder = join(root, "node_modules", ".cache", `ai-agent-proxy-bench-${process.pid}`)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  try {
    const ours = await installBuild(join(folder, "ours"), dist ?? null)
    for (const name of programs) {
      const source = await readFile(join(bench, `${name}.ts`), "utf8")
      const code = stripTypeScriptTypes(source).replaceAll(/from "(\.\/[\w-]+)\.ts"/g, 'from "$1.js"')
      await writeFile(join(folder, `${name}.js`), code)
    }
    const stub = join(folder, "stub-agent.js")
    return {
      ours: { ...ours, nodeOptions: [...ours.nodeOptions, ...nodeOptions] },
      before: against === undefined ? null : await installBuild(join(folder, "before"), against),
      bareService: join(folder, "bare-service.js"),
      rawExec: join(folder, "raw-exec.js"),
      appServerStub: await writeExecutable(join(folder, "stub-codex"), stubLauncher(process.execPath, stub)),
      execStub: await writeExecutable(join(folder, "stub-exec"), stubLauncher(process.execPath, null)),
      remove: () => rm(folder, { recursive: true, force: true }),
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/** `from`: a checkout that is built, or its `dist`; null: this checkout, which is built anew. */
async function installBuild(folder: string, from: string | null): Promise<Build> {
  await mkdir(join(folder, "bin"), { recursive: true })
  let checkout = root
  if (from === null) await compile(join(folder, "dist"))
  else {
    const dist = [join(from, "dist"), from].find((one) => existsSync(join(one, "main.js")))
    if (dist === undefined) throw new Error(`There is no build in ${from}: run \`make build\` there first.`)
    await cp(resolve(dist), join(folder, "dist"), { recursive: true })
    checkout = resolve(dist, "..")
  }
  const launcher = join("bin", "ai-agent-proxy.cjs")
  // What stands alone is started by what this checkout has.
  for (const file of ["package.json", launcher]) {
    const own = join(checkout, file)
    await copyFile(existsSync(own) ? own : join(root, file), join(folder, file))
  }
  return { launcher: join(folder, launcher), nodeOptions: await optionsOf(checkout) }
}

/** The options of `node` with which the service of a checkout is started. */
async function optionsOf(checkout: string): Promise<readonly string[]> {
  // Where builds of now and of before have them.
  for (const name of ["machine/service-spec.ts", "daemon-command.ts"]) {
    const source = join(checkout, "src", "supervise", name)
    if (!existsSync(source)) continue
    const { nodeOptions } = (await import(pathToFileURL(source).href)) as { nodeOptions: readonly string[] }
    return nodeOptions
  }
  return serviceOptions
}

async function compile(out: string): Promise<void> {
  try {
    await promisify(execFile)(process.execPath, [join(root, "scripts", "build.ts"), "--out", out], {
      cwd: root,
    })
  } catch (error) {
    const output = error instanceof Error && "stdout" in error ? String(error.stdout) : String(error)
    throw new Error(`The service does not compile:\n${output}`)
  }
}

async function writeExecutable(file: string, text: string): Promise<string> {
  await writeFile(file, text)
  await chmod(file, 0o755)
  return file
}
