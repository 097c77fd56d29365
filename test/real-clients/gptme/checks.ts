import { existsSync, readFileSync } from "node:fs"
import { mkdir, mkdtemp } from "node:fs/promises"
import { join } from "node:path"
import { waitFor } from "../../support/wait-for.ts"
import type { Bench, RealClient } from "../real-client.ts"
import { equal, includes } from "../support/expect.ts"
import type { Program, ProgramResult } from "../support/program.ts"

export const client: RealClient = {
  programs: ["gptme 0.35.1"],
  limitMinutes: 20,
  run: async (bench) => {
    const environment = await installed(bench)
    if (environment === null) return
    const service = await bench.startService()
    const folder = join(bench.folder, "gptme")
    const workspace = join(folder, "workspace")
    const gptme = await startGptme(bench, environment, folder, service.baseUrl)

    await bench.check("the agent runs a command once, and its answer is printed", async () => {
      const { stdout, stderr } = await gptme([`${service.command("one")}[[say:It is done.]]`])
      includes(stdout, "It is done.", stderr)
      equal(service.ran("one"), 1)
    })
    await bench.check("gptme's own tool runs, by a call", async () => {
      const { stderr } = await gptme([
        "--tool-format",
        "tool",
        '[[tool:save:{"path":"saved.txt","content":"by gptme"}]]',
      ])
      const file = join(workspace, "saved.txt")
      equal(existsSync(file) ? readFileSync(file, "utf8").trim() : null, "by gptme", stderr)
    })
    await bench.check("a chat is gone on with", async () => {
      await gptme(["--name", "chat", "[[say:first]]"])
      const { stdout, stderr } = await gptme(["--name", "chat", "--resume", "[[history]]"])
      includes(stdout, "first", stderr)
    })
    bench.skip("a picture comes to the agent", "gptme sends none to a model that it does not know")
    await bench.check("Ctrl-C stops the agent", async () => {
      const since = Date.now()
      let isSent = false
      await gptme([`[[slow:600]]${service.command("late")}`], {
        onOutput: (text, child) => {
          if (isSent || !/\b3 4\b/.test(text)) return
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
        const folder = await mkdtemp(join(bench.folder, "gptme-"))
        const gptme = await startGptme(bench, environment, folder, baseUrl)
        return gptme([...(kind === "whole" ? ["--no-stream"] : []), text], { limitMs })
      },
    }))
  },
}

const installed = (bench: Bench) => bench.pythonEnvironment(join(import.meta.dirname, "requirements.txt"))

/** It works in `folder/workspace`. */
async function startGptme(
  bench: Bench,
  environment: string,
  folder: string,
  baseUrl: string,
): Promise<(args: readonly string[], more?: Partial<Program>) => Promise<ProgramResult>> {
  const home = join(folder, "home")
  const workspace = join(folder, "workspace")
  await mkdir(home, { recursive: true })
  await mkdir(workspace)
  // As in docs/clients/gptme.md.
  return (args, more = {}) =>
    bench.run({
      command: join(environment, "bin/gptme"),
      args: ["--non-interactive", "-m", "local/manager", "--tools", "shell,read,save,patch", ...args],
      cwd: workspace,
      env: { HOME: home, OPENAI_BASE_URL: baseUrl, OPENAI_API_KEY: "none", GPTME_TELEMETRY: "false" },
      ...more,
    })
}
