import { type SpawnSyncOptions, spawnSync } from "node:child_process"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { setTimeout as delay } from "node:timers/promises"

/** For programs that run inside the sandbox, as root of its machine. Node's own modules only. */

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** Both. */
  readonly all: string
}

/** A line for bash, run as `user`; alice comes in by `su -l`, with nothing of ours in her environment. */
export function sh(line: string, user: "root" | "alice" = "root", options: SpawnSyncOptions = {}): Ran {
  const command = user === "root" ? ["bash", "-c", line] : ["su", "-l", user, "-c", line]
  const { status, stdout, stderr } = spawnSync(command[0] ?? "", command.slice(1), {
    timeout: 90_000,
    ...options,
    encoding: "utf8",
  })
  return { code: status, stdout, stderr, all: `${stdout}${stderr}` }
}

/** Who calls `sudo`: root's rights, and a hint who it was; root's PATH has neither Node 24 nor the CLI of that user. */
export function sudo(line: string): Ran {
  return sh(`SUDO_USER=alice PATH=/payload/bin:$PATH ${line}`)
}

export function must(ran: Ran): Ran {
  if (ran.code !== 0) throw new Error(`exit code ${ran.code}:\n${ran.all}`)
  return ran
}

/** What a command printed as its result. */
export function json(ran: Ran): Record<string, unknown> {
  return JSON.parse(must(ran).stdout)
}

export function expect(isTrue: boolean, what: string, found: unknown = ""): void {
  if (!isTrue) throw new Error(`${what}\nfound: ${typeof found === "string" ? found : JSON.stringify(found)}`)
}

export async function until(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + 45_000
  while (performance.now() < deadline) {
    if (await condition()) return
    await delay(100)
  }
  throw new Error(`waited 45 s for ${what}\n${sh("journalctl -n 30 --no-pager").stdout}`)
}

/** Alice, with Node 24 and her CLI where version managers and npm put such things: in her shell's files. */
export function makeAlice(): void {
  must(sh("useradd -m -s /bin/bash alice && install -D -m 755 /payload/agent /home/alice/tools/codex"))
  const rc = readFileSync("/home/alice/.bashrc", "utf8")
  writeFileSync(
    "/home/alice/.bashrc",
    `${rc}\nexport PATH=$HOME/tools:/payload/bin:$PATH\nexport OPENAI_API_KEY='log-in "of" $alice'\n`,
  )
  writeFileSync("/home/alice/.profile", "export PATH=$HOME/tools:/payload/bin:$PATH\n")
  must(sh("chown -R alice:alice /home/alice"))
}

/** A connection that outlived a restart would fail the next request. */
const unkept = { connection: "close" }

export async function health(port = 7011): Promise<{ status: number; version: string } | null> {
  const answer = await fetch(`http://127.0.0.1:${port}/health`, { headers: unkept }).catch(() => null)
  if (answer === null) return null
  const body: { version?: string } = JSON.parse(await answer.text())
  return { status: answer.status, version: body.version ?? "" }
}

/** The status of a turn, and what the agent said. */
export async function ask(
  input: string,
  options: { port?: number; key?: string; model?: string } = {},
): Promise<{ status: number; text: string; id: string }> {
  const answer = await fetch(`http://127.0.0.1:${options.port ?? 7011}/v1/responses`, {
    method: "POST",
    headers: {
      ...unkept,
      "content-type": "application/json",
      ...(options.key === undefined ? {} : { authorization: `Bearer ${options.key}` }),
    },
    body: JSON.stringify({ model: options.model ?? "manager", input }),
  })
  const text = await answer.text()
  const id = /"id":"(resp_[^"]+)"/.exec(text)?.[1] ?? ""
  return { status: answer.status, text, id }
}

export function property(name: string, flags = ""): string {
  return sh(`systemctl ${flags} show ai-agent-proxy --property=${name} --value`).stdout.trim()
}

/** Command lines of everything that was started from the payload or alice's tools. */
export function ourProcesses(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ").trim()]
      } catch {
        // It ended meanwhile.
        return []
      }
    })
    .filter((line) => /ai-agent-proxy\.cjs|tools\/codex/.test(line))
}

/** What runs as `user`, a line each; zombies too, as whoever deletes the user counts them. */
export function processesOf(user: string): string {
  return sh(`ps -o pid=,stat=,args= -u ${user}`).stdout
}

/** Every file whose name says that it is of the service, outside alice's home. */
export function leftOvers(): string[] {
  const found = sh(
    "find /etc /usr /var/lib /run /tmp /root /home/alice/.config -xdev -name '*ai-agent-proxy*' -not -path '*/systemd/units/*' 2>/dev/null",
  )
  return found.stdout.split("\n").filter((line) => line !== "")
}

/** Runs the steps one after the other and prints `ok` or `not ok` for each; the first that fails is the last. */
export async function scenario(steps: Readonly<Record<string, () => Promise<void> | void>>): Promise<void> {
  for (const [name, step] of Object.entries(steps)) {
    try {
      await step()
      console.log(`ok ${name}`)
    } catch (error) {
      console.log(`not ok ${name}\n${error instanceof Error ? error.message : String(error)}`)
      process.exitCode = 1
      return
    }
  }
}
