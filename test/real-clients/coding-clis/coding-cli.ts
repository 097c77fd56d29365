import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { waitFor } from "../../support/wait-for.ts"
import type { Bench } from "../real-client.ts"
import { equal, includes } from "../support/expect.ts"
import { onePixelPng } from "../support/picture.ts"
import type { Program } from "../support/program.ts"
import type { ScriptedService } from "../support/scripted-service.ts"

/** A coding agent whose model is the service: what it is started with, as its page says. */
export interface CodingCli {
  readonly name: string
  readonly command: string
  readonly env: Readonly<Record<string, string>>
  /** Threads that begin in two runs of which the second goes on with the first: those of titles and the like are beside it. */
  readonly threads: number
  /** To ask once, without a person. */
  once(text: string): readonly string[]
  /** To go on with what was asked last. */
  again(text: string): readonly string[]
  /** To show a picture in the working folder; null: it has no way. */
  withPicture(file: string, text: string): readonly string[] | null
  /** Directive by which the agent calls a tool of this client that runs a shell command here. */
  ownTool(command: string): string
}

/** `packages`: where it is installed; `home`: its own folder, which exists. */
export type SetUpCodingCli = (packages: string, home: string, baseUrl: string) => Promise<CodingCli>

/** Its working folder is `home/project`, in which there is a picture, `dot.png`. */
export async function startOf(cli: CodingCli, home: string, args: readonly string[]): Promise<Program> {
  const project = join(home, "project")
  await mkdir(project, { recursive: true })
  await writeFile(join(project, "dot.png"), onePixelPng)
  return { command: cli.command, args, cwd: project, env: { HOME: home, ...cli.env } }
}

/** What a coding agent is for, whoever makes it. */
export async function checkCodingCli(
  bench: Bench,
  service: ScriptedService,
  home: string,
  cli: CodingCli,
): Promise<void> {
  const run = async (args: readonly string[]) => bench.run(await startOf(cli, home, args))
  const name = (what: string) => `${cli.name}: ${what}`

  await bench.check(name("the agent runs its command once, and the answer is shown"), async () => {
    const mark = `${cli.name}-command`
    const { code, stdout, stderr } = await run(cli.once(`${service.command(mark)}[[say:It is done.]]`))
    equal(code, 0, stderr + stdout)
    includes(stdout, "It is done.", stderr)
    equal(service.ran(mark), 1)
  })
  await bench.check(name("a conversation is gone on with"), async () => {
    // Long enough to be known by itself: qwen changes the messages of a chat that it goes on with.
    const said = `This is the first answer that ${cli.name} was given.`
    await run(cli.once(`[[say:${said}]]`))
    const { stdout, stderr } = await run(cli.again("[[history]]"))
    includes(stdout, said, stderr)
    // Told by the words, for what it asks behind a run may come while the next one begins.
    equal(service.threads(said).length, cli.threads)
  })
  await bench.check(
    name("the agent calls a tool of the client, which acts in the client's folder"),
    async () => {
      const { stdout, stderr } = await run(
        cli.once(cli.ownTool("echo from-the-client > made.txt; cat made.txt")),
      )
      includes(JSON.stringify(service.model.requests.at(-1)?.body.input), "from-the-client", stdout + stderr)
    },
  )
  const picture = cli.withPicture("dot.png", "[[image]]")
  if (picture === null) bench.skip(name("a picture"), "it has no way to show one")
  else
    await bench.check(name("a picture comes to the agent"), async () => {
      const { stdout, stderr } = await run(picture)
      includes(stdout, "image:image/", stderr)
    })
  await bench.check(name("Ctrl-C stops the agent"), async () => {
    const mark = `${cli.name}-late`
    const began = `${cli.name}-began`
    const since = Date.now()
    const text = `${service.command(began)}[[then]][[shell:sleep 30]][[then]]${service.command(mark)}`
    const running = bench.runOn(await startOf(cli, home, cli.once(text)))
    // Not for its first request, which may be that of a title.
    await waitFor(() => service.ran(began) === 1, { what: "the agent to begin", timeoutMs: 60_000 })
    // A terminal tells all that runs in it; each program here has a group of its own.
    process.kill(-(running.child.pid ?? 0), "SIGINT")
    await waitFor(() => service.ends(since).includes("cancelled"), {
      what: "the turn to be cancelled",
      timeoutMs: 60_000,
    })
    equal(service.ran(mark), 0)
  })
}
