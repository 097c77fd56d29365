import { existsSync, readFileSync } from "node:fs"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { waitFor } from "../../support/wait-for.ts"
import type { Bench, RealClient } from "../real-client.ts"
import { equal, includes } from "../support/expect.ts"

export const client: RealClient = {
  programs: ["gptme 0.35.1"],
  limitMinutes: 20,
  run: async (bench) => {
    const environment = await bench.pythonEnvironment(join(import.meta.dirname, "requirements.txt"))
    if (environment === null) return
    const service = await bench.startService()
    const home = join(bench.folder, "home")
    const workspace = join(bench.folder, "workspace")
    await mkdir(home)
    await mkdir(workspace)
    // As in docs/clients/gptme.md.
    const gptme = (args: readonly string[], more: Partial<Parameters<Bench["run"]>[0]> = {}) =>
      bench.run({
        command: join(environment, "bin/gptme"),
        args: ["--non-interactive", "-m", "local/manager", "--tools", "shell,read,save,patch", ...args],
        cwd: workspace,
        env: {
          HOME: home,
          OPENAI_BASE_URL: service.baseUrl,
          OPENAI_API_KEY: "none",
          GPTME_TELEMETRY: "false",
        },
        ...more,
      })

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
      const ends = service.ends().length
      let isSent = false
      await gptme([`[[slow:600]]${service.command("late")}`], {
        onOutput: (text, child) => {
          if (isSent || !/\b3 4\b/.test(text)) return
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
