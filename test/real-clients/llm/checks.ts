import { mkdir, mkdtemp, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { waitFor } from "../../support/wait-for.ts"
import type { Asker, Bench, RealClient } from "../real-client.ts"
import { equal, includes } from "../support/expect.ts"
import { onePixelPng } from "../support/picture.ts"
import type { Program, ProgramResult } from "../support/program.ts"
import type { ScriptedService } from "../support/scripted-service.ts"

export const client: RealClient = {
  programs: ["llm 0.36"],
  limitMinutes: 15,
  run: async (bench) => {
    const environment = await installed(bench)
    if (environment === null) return
    const service = await bench.startService()
    for (const model of models) await checkModel(bench, service, environment, model)
  },
  askers: async (bench) => {
    const environment = await installed(bench)
    return environment === null ? [] : models.flatMap((model) => askersOf(bench, environment, model))
  },
}

const models = ["agent", "agent-responses"] as const

const installed = (bench: Bench) => bench.pythonEnvironment(join(import.meta.dirname, "requirements.txt"))

type Run = (args: readonly string[], more?: Partial<Program>) => Promise<ProgramResult>

/** `home` need not exist. */
async function startLlm(
  bench: Bench,
  environment: string,
  home: string,
  baseUrl: string,
  model: string,
): Promise<Run> {
  await mkdir(home, { recursive: true })
  await writeFile(join(home, "extra-openai-models.yaml"), modelsYaml(baseUrl))
  return (args, more = {}) =>
    bench.run({
      command: join(environment, "bin/llm"),
      args: ["-m", model, ...args],
      cwd: home,
      env: { HOME: home, LLM_USER_PATH: home, OPENAI_API_KEY: "none" },
      ...more,
    })
}

function askersOf(bench: Bench, environment: string, model: string): Asker[] {
  return (["whole", "streamed"] as const).map((kind) => ({
    name: `${model}, ${kind}`,
    ask: async (baseUrl, text, limitMs) => {
      const home = await mkdtemp(join(bench.folder, "llm-"))
      const llm = await startLlm(bench, environment, home, baseUrl, model)
      return llm([...(kind === "whole" ? ["--no-stream"] : []), text], { limitMs })
    },
  }))
}

/** As in docs/clients/llm.md. */
function modelsYaml(baseUrl: string): string {
  const model = (id: string, more: string) => `- model_id: ${id}
  model_name: manager
  api_base: ${baseUrl}
  supports_tools: true
  supports_schema: true
  vision: true
${more}`
  return model("agent", "") + model("agent-responses", "  responses: true\n")
}

async function checkModel(bench: Bench, service: ScriptedService, environment: string, model: string) {
  const recorder = await bench.record(service.url)
  const home = join(bench.folder, model)
  const llm = await startLlm(bench, environment, home, `${recorder.url}/v1`, model)
  await writeFile(join(home, "dot.png"), onePixelPng)
  const name = (what: string) => `${model}: ${what}`

  await bench.check(name("the agent runs a command once, and its answer is printed"), async () => {
    const { stdout, stderr, code } = await llm([`${service.command(model)}[[say:It is done.]]`])
    equal({ code, stdout: stdout.trim() }, { code: 0, stdout: "It is done." }, stderr)
    equal(service.ran(model), 1)
  })
  await bench.check(name("a chat is gone on with"), async () => {
    service.model.clearRequests()
    await llm(["[[say:one]]"])
    const { stdout } = await llm(["-c", "[[history]]"])
    includes(stdout, '"one"')
    // Over Responses it sends `store: false`: nothing is to be left of a turn, its thread neither.
    if (model === "agent") equal(service.threads().length, 1)
  })
  await bench.check(name("the agent calls a function"), async () => {
    const functions =
      "def weather(city: str) -> str:\n    open('asked.txt', 'a').write(city)\n    return 'sunny in ' + city"
    const { stdout, stderr } = await llm(["--functions", functions, '[[tool:weather:{"city":"Paris"}]]'])
    includes(stdout, "Done with tools.", stderr)
    includes(JSON.stringify(service.model.requests.at(-1)?.body.input), "sunny in Paris")
  })
  await bench.check(name("a picture comes to the agent"), async () => {
    const { stdout, stderr } = await llm(["-a", "dot.png", "[[image]]"])
    equal(stdout.trim(), `image:image/png:${onePixelPng.length}`, stderr)
  })
  await bench.check(name("an answer has the form of a schema"), async () => {
    const { stdout, stderr } = await llm(["--schema", "answer str", "[[schema]]"])
    equal(JSON.parse(stdout), { answer: "yes" }, stderr)
  })
  await bench.check(name("Ctrl-C stops the agent"), async () => {
    const since = Date.now()
    await llm([`[[slow:2000]]${service.command(`late-${model}`)}`], {
      onOutput: (text, child) => {
        if (text.includes("1")) child.kill("SIGINT")
      },
    })
    await waitFor(() => service.ends(since).includes("cancelled"), {
      what: "the turn to be cancelled",
      timeoutMs: 20_000,
    })
    equal(service.ran(`late-${model}`), 0)
  })
}
