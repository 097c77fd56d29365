import type { Bench, RealClient } from "../real-client.ts"
import { equal, includes } from "../support/expect.ts"
import { goProgram, libraryClient } from "../support/library-checks.ts"

const asAbove = "the same as with previous_response_id"
const same = { ask: asAbove, tool: asAbove, picture: asAbove, shape: asAbove, stream: asAbove }
const install = goProgram(import.meta.dirname)
const library = libraryClient({
  programs: ["openai-go 3.98.0"],
  limitMinutes: 30,
  install,
  ways: [{ name: "responses" }, { name: "responses-resent", cannot: same }, { name: "chat" }],
})

export const client: RealClient = {
  ...library,
  run: async (bench) => {
    await library.run(bench)
    await checkStreams(bench)
  },
}

/** What `told` in responses.go prints. */
interface Told {
  readonly types: readonly string[]
  readonly numbers: readonly number[]
  readonly text: string
  readonly error: string
}

/** What its streams of Responses have beside an answer. */
async function checkStreams(bench: Bench): Promise<void> {
  const program = await install(bench)
  if (program === null) return
  const service = await bench.startService()
  const recorder = await bench.record(service.url)
  const told = async (action: string, ...texts: readonly string[]): Promise<Told> => {
    const { stdout, stderr } = await bench.run({
      command: program.command,
      args: ["responses", action, ...texts],
      cwd: bench.folder,
      env: { HOME: bench.folder, BASE_URL: `${recorder.url}/v1` },
    })
    includes(stdout, "{", stderr)
    return JSON.parse(stdout)
  }

  await bench.check("responses: GetStreaming takes a background response up where it was left", async () => {
    const { types, numbers, text, error } = await told("replay", "3", "[[slow:10]]")
    const whole = "1 2 3 4 5 6 7 8 9 10"
    equal([numbers[0], types.at(-1), text, error], [4, "response.completed", whole, ""])
    // It says in the body of a GET that it wants a stream, and not what the body is: few services read that.
    const asked = recorder.requests.filter(({ method }) => method === "GET")
    const bodies = asked.map(({ body, headers }) => [body, headers["content-type"]])
    equal(bodies, Array(2).fill(['{"stream":true}', undefined]))
  })
  await bench.check("responses: a stream that fails hands on its error and the failed response", async () => {
    const { types, error } = await told("events", `${service.command("failing")}[[then]][[status:400]]`)
    equal({ last: types.slice(-2), error }, { last: ["error", "response.failed"], error: "" })
    equal(service.ran("failing"), 1)
  })
}
