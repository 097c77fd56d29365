import type { Bench, RealClient } from "../real-client.ts"
import { equal } from "../support/expect.ts"
import { goProgram, libraryClient } from "../support/library-checks.ts"

const install = goProgram(import.meta.dirname)
const library = libraryClient({
  programs: ["go-openai 1.43.0 (sashabaranov)"],
  limitMinutes: 20,
  install,
  ways: [{ name: "chat" }, { name: "responses" }],
})

export const client: RealClient = {
  ...library,
  run: async (bench) => {
    await library.run(bench)
    await checkSilence(bench)
  },
}

/** Lines without data in a row at which it gives up: a comment has two, with the blank one behind it. */
const emptyMessagesLimit = 300

/** A long silence in a short time: the service gives its signs of life more often here. */
async function checkSilence(bench: Bench): Promise<void> {
  const program = await install(bench)
  if (program === null) return
  const service = await bench.startService({ limits: { keep_alive_ms: 10 } })
  for (const way of ["chat", "responses"]) {
    await bench.check(`${way}: a stream outlasts hundreds of signs of life`, async () => {
      const { stdout, stderr } = await bench.run({
        command: program.command,
        args: [way, "silence", `[[shell:sleep 20]]${service.command(way)}[[then]][[say:It is done.]]`],
        cwd: bench.folder,
        env: { HOME: bench.folder, BASE_URL: service.baseUrl },
      })
      const { before, answer } = JSON.parse(stdout || JSON.stringify({ answer: stderr }))
      equal(
        { answer, isLong: before > emptyMessagesLimit },
        { answer: "It is done.", isLong: true },
        `${before}`,
      )
      equal(service.ran(way), 1)
    })
  }
}
