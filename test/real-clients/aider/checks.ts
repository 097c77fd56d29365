import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { mkdir, mkdtemp, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { waitFor } from "../../support/wait-for.ts"
import type { Bench, RealClient } from "../real-client.ts"
import { equal, includes } from "../support/expect.ts"
import type { Program, ProgramResult } from "../support/program.ts"

export const client: RealClient = {
  programs: ["aider 0.86.2"],
  limitMinutes: 20,
  run: async (bench) => {
    const environment = await installed(bench)
    if (environment === null) return
    const service = await bench.startService()
    const recorder = await bench.record(service.url)
    const { aider, repository, git } = await startAider(
      bench,
      environment,
      join(bench.folder, "aider"),
      `${recorder.url}/v1`,
    )
    const edit = (value: number) => `[[say:app.py\n\`\`\`\na = ${value}\n\`\`\`\n]]`

    await bench.check("the agent runs a command once; its edit is made and committed", async () => {
      const { stdout, stderr } = await aider(["app.py", "--message", `${service.command("one")}${edit(2)}`])
      equal(readFileSync(join(repository, "app.py"), "utf8"), "a = 2\n", stdout + stderr)
      equal(git("rev-list", "--count", "HEAD").trim(), "2", stdout + stderr)
      equal(service.ran("one"), 1)
    })
    await bench.check(
      "the commit message was asked for, and left no note and no place in a chat",
      async () => {
        const commits = recorder.bodies().filter((body) => JSON.stringify(body).includes("commit messages"))
        equal({ commits: commits.length, turns: service.ends().length }, { commits: 1, turns: 1 })
      },
    )
    await bench.check("a chat that is gone on with is one thread of the agent", async () => {
      service.model.clearRequests()
      const { stdout, stderr } = await aider(["--no-auto-commits"], {
        input: "[[say:first]]\n[[history]]\n/exit\n",
      })
      includes(stdout, "first", stderr)
      equal(service.threads().length, 1, stdout)
    })
    await bench.check("Ctrl-C stops the agent", async () => {
      const since = Date.now()
      let isSent = false
      await aider(["--message", `[[slow:600]]${service.command("late")}`], {
        onOutput: (text, child) => {
          if (isSent || !/\b3\b/.test(text)) return
          isSent = true
          child.kill("SIGINT")
        },
        limitMs: 60_000,
      })
      await waitFor(() => service.ends(since).includes("cancelled"), {
        what: "the turn to be cancelled",
        timeoutMs: 20_000,
      })
      equal(service.ran("late"), 0)
    })
  },
  askers: async (bench) => {
    const environment = await installed(bench)
    if (environment === null) return []
    return ["whole", "streamed"].map((kind) => ({
      name: kind,
      ask: async (baseUrl, text, limitMs) => {
        const folder = await mkdtemp(join(bench.folder, "aider-"))
        const { aider } = await startAider(bench, environment, folder, baseUrl)
        return aider([...(kind === "whole" ? ["--no-stream"] : []), "--message", text], { limitMs })
      },
    }))
  },
}

const installed = (bench: Bench) => bench.pythonEnvironment(join(import.meta.dirname, "requirements.txt"))

interface Aider {
  readonly aider: (args: readonly string[], more?: Partial<Program>) => Promise<ProgramResult>
  /** Where it works: of one commit, with `app.py`. */
  readonly repository: string
  readonly git: (...args: string[]) => string
}

async function startAider(
  bench: Bench,
  environment: string,
  folder: string,
  baseUrl: string,
): Promise<Aider> {
  const home = join(folder, "home")
  const repository = join(folder, "repository")
  await mkdir(home, { recursive: true })
  await mkdir(repository)
  await writeFile(join(repository, "app.py"), "a = 1\n")
  await writeFile(join(repository, ".aider.model.settings.yml"), modelSettings)
  const git = (...args: string[]) =>
    execFileSync("git", args, { cwd: repository, encoding: "utf8", env: { ...process.env, HOME: home } })
  git("init", "-q")
  git("config", "user.email", "a@example.invalid")
  git("config", "user.name", "A")
  git("add", "app.py")
  git("commit", "-qm", "begin")
  // As in docs/clients/aider.md.
  const settings = ["--model", "openai/manager", "--openai-api-base", baseUrl, "--openai-api-key", "none"]
  const quiet = ["--no-show-model-warnings", "--analytics-disable", "--no-check-update", "--no-pretty"]
  const alone = ["--yes-always", "--no-gitignore", "--map-tokens", "0"]
  return {
    aider: (args, more = {}) =>
      bench.run({
        command: join(environment, "bin/aider"),
        args: [...settings, "--timeout", "3600", ...quiet, ...alone, ...args],
        cwd: repository,
        env: { HOME: home },
        ...more,
      }),
    repository,
    git,
  }
}

const modelSettings = `- name: openai/manager
  edit_format: whole
  reminder: none
  use_temperature: false
`
