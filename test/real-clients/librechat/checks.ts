import { waitFor } from "../../support/wait-for.ts"
import type { Bench, RealClient } from "../real-client.ts"
import { equal } from "../support/expect.ts"
import { libraryClient, nodeProgram } from "../support/library-checks.ts"

const cannot = { shape: "LibreChat asks for an answer of a form for its titles only: see there" }
const install = nodeProgram(import.meta.dirname)
/** As in docs/clients/librechat.md. */
const settings = { sessionHeaders: ["x-session-id", "x-openwebui-chat-id", "x-librechat-conversation-id"] }
const library = libraryClient({
  programs: ["@librechat/agents 3.9.2, of LibreChat's server"],
  limitMinutes: 30,
  install,
  service: settings,
  ways: [
    { name: "chat", cannot },
    { name: "responses", cannot },
  ],
})

export const client: RealClient = {
  ...library,
  run: async (bench) => {
    await library.run(bench)
    await checkOwn(bench)
  },
}

/** `titleMethod` in `librechat.yaml`, and what the model has to say to each. */
const titles = {
  completion: "[[say:A Title]]",
  structured: '[[say:{"language":"English","title":"A Title"}]]',
  functions: '[[say:{"language":"English","title":"A Title"}]]',
}

/** What LibreChat does and a library does not. */
async function checkOwn(bench: Bench): Promise<void> {
  const program = await install(bench)
  if (program === null) return
  const service = await bench.startService(settings)
  const answer = async (...args: readonly string[]): Promise<string> => {
    const { stdout, stderr } = await bench.run({
      command: program.command,
      args: [...program.args, ...args],
      cwd: bench.folder,
      env: { HOME: bench.folder, BASE_URL: service.baseUrl },
    })
    return stdout.trim() || stderr.slice(-700)
  }
  /** The end of a turn is written behind its answer. */
  const one = async (since: number) => {
    await waitFor(() => service.ends(since).length > 0, { what: "the turn to end", timeoutMs: 20_000 })
    equal(service.ends(since).length, 1)
  }
  for (const way of ["chat", "responses"]) {
    await bench.check(`${way}: what the agent thinks is shown as its thoughts`, async () => {
      const since = Date.now()
      equal(await answer(way, "thoughts", "[[reason:It may rain.]][[say:Take a coat.]]"), "It may rain.")
      await one(since)
    })
    for (const [method, say] of Object.entries(titles)) {
      const what = `a title (${method}) is made beside the chat, and what was done is not done again`
      await bench.check(`${way}: ${what}`, async () => {
        const mark = `${way}-${method}`
        const since = Date.now()
        const text = `${service.command(mark)}[[then]]${say}`
        equal(await answer(way, "title", text, method), "A Title")
        equal(service.ran(mark), 1)
        await one(since)
      })
    }
  }
}
