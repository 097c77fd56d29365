import { execFile } from "node:child_process"
import { chmod, copyFile, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { stripTypeScriptTypes } from "node:module"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import { nodeOptions as serviceOptions } from "../../src/supervise/daemon-command.ts"
import { stubLauncher } from "./stub-launcher.ts"

const root = resolve(import.meta.dirname, "../..")
const bench = resolve(import.meta.dirname, "..")
const programs = ["stub-agent", "app-server-client", "bare-service", "raw-exec"] as const

/** What is measured, apart from the source tree, so that a build in between changes nothing. */
export interface Installation {
  /** The command as a user has it on the PATH. */
  readonly launcher: string
  readonly bareService: string
  readonly rawExec: string
  /** An agent CLI that speaks app-server, and one that only knows `exec`. */
  readonly appServerStub: string
  readonly execStub: string
  /** Options of `node` for every daemon: those of the service, and what one wants to try. */
  readonly nodeOptions: readonly string[]
  remove(): Promise<void>
}

/**
 * Compiles the service (or takes `dist`, a build made elsewhere) and the programs of the bench into a folder below
 * `node_modules`, where the packages are found. All run as plain JavaScript: stripping types costs time and memory.
 */
export async function install(
  dist: string | null,
  nodeOptions: readonly string[] = [],
): Promise<Installation> {
  const folder = join(root, "node_modules", ".cache", `ai-agent-proxy-bench-${process.pid}`)
  await rm(folder, { recursive: true, force: true })
  await mkdir(join(folder, "bin"), { recursive: true })
  try {
    if (dist === null) await compile(join(folder, "dist"))
    else await cp(resolve(dist), join(folder, "dist"), { recursive: true })
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
  await copyFile(join(root, "package.json"), join(folder, "package.json"))
  const launcher = join(folder, "bin", "ai-agent-proxy.cjs")
  await copyFile(join(root, "bin", "ai-agent-proxy.cjs"), launcher)
  for (const name of programs) {
    const source = await readFile(join(bench, `${name}.ts`), "utf8")
    const code = stripTypeScriptTypes(source).replaceAll(/from "(\.\/[\w-]+)\.ts"/g, 'from "$1.js"')
    await writeFile(join(folder, `${name}.js`), code)
  }
  const stub = join(folder, "stub-agent.js")
  return {
    launcher,
    bareService: join(folder, "bare-service.js"),
    rawExec: join(folder, "raw-exec.js"),
    appServerStub: await writeExecutable(join(folder, "stub-codex"), stubLauncher(process.execPath, stub)),
    execStub: await writeExecutable(join(folder, "stub-exec"), stubLauncher(process.execPath, null)),
    nodeOptions: [...serviceOptions, ...nodeOptions],
    remove: () => rm(folder, { recursive: true, force: true }),
  }
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
