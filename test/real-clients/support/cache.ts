import { createHash } from "node:crypto"
import { existsSync } from "node:fs"
import { cp, mkdir, readFile, writeFile } from "node:fs/promises"
import { basename, join } from "node:path"
import { runProgram } from "./program.ts"

const installLimitMs = 20 * 60_000

/** Programs in folders named after what they were made from: other pins are another folder. */
export class Cache {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  async installed(name: string, pins: string, install: (folder: string) => Promise<void>): Promise<string> {
    const digest = createHash("sha256").update(pins).digest("hex").slice(0, 12)
    const folder = join(this.folder, `${name}-${digest}`)
    const mark = join(folder, ".installed")
    if (existsSync(mark)) return folder
    await mkdir(folder, { recursive: true })
    await install(folder)
    await writeFile(mark, "")
    return folder
  }

  /** Null: there is no Python that is new enough. */
  async pythonEnvironment(
    name: string,
    requirements: string,
    { isWhole = false }: { readonly isWhole?: boolean },
  ): Promise<string | null> {
    const python = await findPython(this.folder)
    if (python === null) return null
    const pins = await readFile(requirements, "utf8")
    return this.installed(name, `${python.version}\n${pins}`, async (folder) => {
      await install(python.command, ["-m", "venv", "--clear", "."], folder)
      const options = ["--disable-pip-version-check", "--no-compile", "-q", ...(isWhole ? ["--no-deps"] : [])]
      await install(join(folder, "bin/pip"), ["install", ...options, "-r", requirements], folder)
    })
  }

  async npmPackages(source: string): Promise<string> {
    const lock = await readFile(join(source, "package-lock.json"), "utf8")
    const packages = await this.installed(basename(source), lock, async (folder) => {
      await cp(source, folder, { recursive: true })
      await install("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], folder)
    })
    // What is beside the pins may have changed since they were installed.
    await cp(source, packages, { recursive: true })
    return packages
  }
}

/** With registries, proxies and homes as the tester has them. Throws with what the program said when it ends with a failure. */
export async function install(
  command: string,
  args: readonly string[],
  cwd: string,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  const own = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== undefined))
  const env = { ...own, ...more }
  const { code, stdout, stderr } = await runProgram({
    command,
    args,
    cwd,
    // What is undefined was filtered out.
    env: env as Record<string, string>,
    limitMs: installLimitMs,
  })
  if (code !== 0)
    throw new Error(`${command} ${args.join(" ")} ended with ${code}: ${(stderr + stdout).slice(-2000)}`)
}

/** The newest that all programs here have been built for. */
async function findPython(
  cwd: string,
): Promise<{ readonly command: string; readonly version: string } | null> {
  for (const command of ["python3.12", "python3.11", "python3"]) {
    const run = runProgram({ command, args: ["--version"], cwd })
    const version = await run.then(
      ({ code, stdout }) => (code === 0 ? /^Python (3\.1[12])\./.exec(stdout)?.[1] : undefined),
      () => undefined,
    )
    if (version !== undefined) return { command, version }
  }
  return null
}
