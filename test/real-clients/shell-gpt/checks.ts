import { mkdir, mkdtemp, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { waitFor } from "../../support/wait-for.ts"
import type { Asker, Bench, RealClient } from "../real-client.ts"
import { equal, includes } from "../support/expect.ts"
import type { Program, ProgramResult } from "../support/program.ts"

export const client: RealClient = {
  programs: ["shell-gpt 1.5.1"],
  limitMinutes: 15,
  run: async (bench) => {
    const environment = await installed(bench)
    if (environment === null) return
    const service = await bench.startService()
    const sgpt = await startSgpt(bench, environment, join(bench.folder, "sgpt"), service.baseUrl)

    await bench.check("the agent runs a command once, and its answer is printed", async () => {
      const { stdout, stderr, code } = await sgpt([
        "--no-functions",
        `${service.command("one")}[[say:It is done.]]`,
      ])
      equal({ code, isTold: stdout.includes("It is done.") }, { code: 0, isTold: true }, stdout + stderr)
      equal(service.ran("one"), 1)
    })
    await bench.check("a chat that is gone on with is one thread of the agent", async () => {
      service.model.clearRequests()
      await sgpt(["--no-functions", "--no-cache", "--chat", "one", "[[say:first]]"])
      const { stdout, stderr } = await sgpt(["--no-functions", "--no-cache", "--chat", "one", "[[history]]"])
      includes(stdout, "first", stderr)
      equal(service.threads().length, 1)
    })
    await bench.check("the agent calls a function", async () => {
      const { stdout, stderr } = await sgpt(["--no-cache", '[[tool:weather:{"city":"Paris"}]]'])
      includes(stdout, "Done with tools.", stderr)
      includes(JSON.stringify(service.model.requests.at(-1)?.body.input), "sunny in Paris")
    })
    await bench.check("Ctrl-C stops the agent", async () => {
      const since = Date.now()
      await sgpt(["--no-functions", "--no-cache", `[[slow:2000]]${service.command("late")}`], {
        onOutput: (text, child) => {
          if (text.includes("1")) child.kill("SIGINT")
        },
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
    // It has no other way: whatever it shows, it asks for a stream.
    const ask: Asker["ask"] = async (baseUrl, text, limitMs) => {
      const home = await mkdtemp(join(bench.folder, "sgpt-"))
      const sgpt = await startSgpt(bench, environment, home, baseUrl)
      return sgpt(["--no-functions", "--no-cache", text], { limitMs })
    }
    return [{ name: "streamed", ask }]
  },
}

const installed = (bench: Bench) => bench.pythonEnvironment(join(import.meta.dirname, "requirements.txt"))

/** `home` need not exist. */
async function startSgpt(
  bench: Bench,
  environment: string,
  home: string,
  baseUrl: string,
): Promise<(args: readonly string[], more?: Partial<Program>) => Promise<ProgramResult>> {
  const functions = join(home, "functions")
  await mkdir(functions, { recursive: true })
  await writeFile(join(functions, "weather.py"), weatherFunction)
  return (args, more = {}) =>
    bench.run({
      command: join(environment, "bin/sgpt"),
      args,
      cwd: home,
      // As in docs/clients/shell-gpt.md.
      env: {
        HOME: home,
        API_BASE_URL: baseUrl,
        OPENAI_API_KEY: "none",
        DEFAULT_MODEL: "manager",
        USE_LITELLM: "false",
        REQUEST_TIMEOUT: "3600",
        OPENAI_USE_FUNCTIONS: "true",
        OPENAI_FUNCTIONS_PATH: functions,
        SHOW_FUNCTIONS_OUTPUT: "false",
        PRETTIFY_MARKDOWN: "false",
      },
      ...more,
    })
}

const weatherFunction = `from pydantic import BaseModel, Field


class Function(BaseModel):
    """Tells the weather of a city"""

    city: str = Field(..., description="Name of the city")

    class Config:
        title = "weather"

    @classmethod
    def execute(cls, city: str) -> str:
        return "sunny in " + city

    @classmethod
    def openai_schema(cls):
        schema = cls.model_json_schema()
        return {
            "type": "function",
            "function": {"name": "weather", "description": cls.__doc__, "parameters": schema},
        }
`
