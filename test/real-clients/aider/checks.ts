import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { waitFor } from "../../support/wait-for.ts"
import type { Bench, RealClient } from "../real-client.ts"
import { equal, includes } from "../support/expect.ts"

export const client: RealClient = {
  programs: ["aider 0.86.2"],
  limitMinutes: 20,
  run: async (bench) => {
    const environment = await bench.pythonEnvironment(join(import.meta.dirname, "requirements.txt"))
    if (environment === null) return
    const service = await bench.startService()
    const recorder = await bench.record(service.url)
    const home = join(bench.folder, "home")
    const repository = join(bench.folder, "repository")
    await mkdir(home)
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
    const aider = (args: readonly string[], more: Partial<Parameters<Bench["run"]>[0]> = {}) =>
      bench.run({
        command: join(environment, "bin/aider"),
        args: [
          ...[
            "--model",
            "openai/manager",
            "--openai-api-base",
            `${recorder.url}/v1`,
            "--openai-api-key",
            "none",
          ],
          ...["--timeout", "3600", "--no-show-model-warnings", "--analytics-disable", "--no-check-update"],
          ...["--yes-always", "--no-pretty", "--no-gitignore", "--map-tokens", "0", ...args],
        ],
        cwd: repository,
        env: { HOME: home },
        ...more,
      })
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
      const ends = service.ends().length
      let isSent = false
      await aider(["--message", `[[slow:600]]${service.command("late")}`], {
        onOutput: (text, child) => {
          if (isSent || !/\b3\b/.test(text)) return
          isSent = true
          child.kill("SIGINT")
        },
        limitMs: 60_000,
      })
      await waitFor(() => service.ends().length > ends, { what: "the turn to end", timeoutMs: 20_000 })
      equal({ end: service.ends().at(-1), ran: service.ran("late") }, { end: "cancelled", ran: 0 })
    })
  },
}

const modelSettings = `- name: openai/manager
  edit_format: whole
  reminder: none
  use_temperature: false
`
