import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { waitFor } from "../../support/wait-for.ts"
import type { Bench } from "../real-client.ts"
import { equal, includes } from "../support/expect.ts"
import { onePixelPng } from "../support/picture.ts"
import type { Program } from "../support/program.ts"
import type { ScriptedService } from "../support/scripted-service.ts"

export interface HermesWay {
  readonly name: string
  readonly transport: "chat_completions" | "codex_responses"
  /** Threads of the agent that two turns of a conversation have. */
  readonly threads: number
}

/** The program with a home of its own. */
export interface Hermes {
  readonly way: HermesWay
  readonly folder: string
  readonly python: string
  /** Writes `config.yaml` as in docs/clients/hermes-agent.md; `retries` is 1 there. */
  configure(baseUrl: string, retries?: number): Promise<void>
  program(args: readonly string[]): Program
}

export async function hermesIn(bench: Bench, environment: string, way: HermesWay): Promise<Hermes> {
  const folder = join(bench.folder, way.name)
  const home = join(folder, ".hermes")
  await mkdir(home, { recursive: true })
  await writeFile(join(folder, "dot.png"), onePixelPng)
  const env = {
    HOME: folder,
    HERMES_HOME: home,
    // It looks elsewhere for prices and releases, and installs what its tools may need: nothing is asked of the outside.
    HERMES_DISABLE_LAZY_INSTALLS: "1",
    HTTPS_PROXY: "http://127.0.0.1:9",
    NO_PROXY: "127.0.0.1",
    PYTHONUNBUFFERED: "1",
  }
  return {
    way,
    folder,
    python: join(environment, "bin/python"),
    configure: (baseUrl, retries = 1) =>
      writeFile(join(home, "config.yaml"), configYaml(baseUrl, way.transport, retries)),
    program: (args) => ({ command: join(environment, "bin/hermes"), args, cwd: folder, env }),
  }
}

function configYaml(baseUrl: string, transport: HermesWay["transport"], retries: number): string {
  return `model:
  default: manager
  provider: agents
  supports_vision: true
providers:
  agents:
    api: ${baseUrl}
    api_key: none
    transport: ${transport}
agent:
  api_max_retries: ${retries}
`
}

/** What the agent is to do through the program, and what the program with the agent's calls. */
export async function checkHermes(bench: Bench, service: ScriptedService, hermes: Hermes): Promise<void> {
  const { way, folder } = hermes
  const recorder = await bench.record(service.url)
  await hermes.configure(`${recorder.url}/v1`)
  const run = (...args: readonly string[]) => bench.run(hermes.program(args))
  const name = (what: string) => `${way.name}: ${what}`

  await bench.check(name("the agent runs its command once, and the answer is printed"), async () => {
    const mark = `${way.name}-command`
    const text = `${service.command(mark)}[[then]][[say:It is done.]]`
    const { code, stdout, stderr } = await run("-z", text)
    equal({ code, stdout: stdout.trim() }, { code: 0, stdout: "It is done." }, stderr)
    equal(service.ran(mark), 1)
  })
  await bench.check(name("a conversation goes on behind a command, and nothing is done twice"), async () => {
    service.model.clearRequests()
    const mark = `${way.name}-first`
    await run("chat", "-Q", "-q", `${service.command(mark)}[[then]][[say:First answer.]]`)
    const { stdout, stderr } = await run("chat", "-Q", "--continue", "-q", "[[history]]")
    includes(stdout, "First answer.", stderr)
    equal({ ran: service.ran(mark), threads: service.threads().length }, { ran: 1, threads: way.threads })
  })
  await bench.check(name("the agent calls a tool of hermes, which acts in its folder"), async () => {
    const mark = `${way.name}-tool`
    const call = JSON.stringify({ command: "echo by-hermes > made.txt; cat made.txt; pwd" })
    const text = `${service.command(mark)}[[then]][[tool:terminal:${call}]][[then]][[say:Told.]]`
    const { stdout, stderr } = await run("-z", text)
    equal(stdout.trim(), "Told.", stderr)
    const told = JSON.stringify(service.model.requests.at(-1)?.body.input)
    includes(told, "by-hermes")
    includes(told, folder)
    equal(service.ran(mark), 1)
  })
  await bench.check(name("a picture comes to the agent"), async () => {
    const { stdout, stderr } = await run("chat", "-Q", "-q", "[[image]]", "--image", "dot.png")
    includes(stdout, `image:image/png:${onePixelPng.length}`, stderr)
  })
  for (const signal of ["SIGINT", "SIGKILL"] as const) {
    await bench.check(name(`${signal} stops the agent`), async () => {
      const mark = `${way.name}-${signal}`
      const since = Date.now()
      const asked = service.model.requests.length
      const text = `[[shell:sleep 30]][[then]]${service.command(mark)}`
      const { child } = bench.runOn(hermes.program(["-z", text]))
      await waitFor(() => service.model.requests.length > asked, {
        what: "the agent to begin",
        timeoutMs: 60_000,
      })
      process.kill(-(child.pid ?? 0), signal)
      await waitFor(() => service.ends(since).includes("cancelled"), {
        what: "the turn to be cancelled",
        timeoutMs: 20_000,
      })
      equal({ ends: service.ends(since), ran: service.ran(mark) }, { ends: ["cancelled"], ran: 0 })
    })
  }
  recorder.close()
}

/** A turn that fails behind a command. */
export async function checkFailures(bench: Bench, service: ScriptedService, hermes: Hermes): Promise<void> {
  const { way } = hermes
  const recorder = await bench.record(service.url)
  // By its own setting, and by that of the page.
  for (const [retries, times] of [
    [3, "three times as it is by itself"],
    [1, "once with api_max_retries: 1"],
  ] as const) {
    await bench.check(`${way.name}: a turn that fails is told, and asked ${times}`, async () => {
      await hermes.configure(`${recorder.url}/v1`, retries)
      recorder.clear()
      const mark = `${way.name}-failed-${retries}`
      const { stdout, stderr } = await bench.run(
        hermes.program(["-z", `${service.command(mark)}[[then]][[status:400]]`]),
      )
      includes(stdout + stderr, "scripted error 400")
      // Beside them it asks what kind of server this is.
      const asked = recorder.requests.filter(({ path }) => /\/(?:completions|responses)$/.test(path))
      equal({ asked: asked.length, ran: service.ran(mark) }, { asked: retries, ran: retries })
    })
  }
  recorder.close()
}
