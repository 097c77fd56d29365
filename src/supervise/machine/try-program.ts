import type { Installation } from "./installation.ts"
import type { RunCommand } from "./run-command.ts"
import type { ServiceUser } from "./service-user.ts"

/** How a start of the program went: its version, or why it does not work. */
export type ProgramTrial =
  | { readonly version: string; readonly problem: null }
  | { readonly version: null; readonly problem: string }

/** Starts the program as the service will be: as that user, in that environment. */
export async function tryProgram(
  { node, launcher }: Installation,
  user: Pick<ServiceUser, "uid" | "gid" | "homeDir">,
  environment: Readonly<Record<string, string>>,
  run: RunCommand,
): Promise<ProgramTrial> {
  const isOther = process.geteuid?.() === 0 && user.uid !== 0
  const result = await run(node, [launcher, "--version"], {
    env: environment,
    cwd: "/",
    timeoutMs: 30_000,
    ...(isOther ? { uid: user.uid, gid: user.gid } : {}),
  })
  if (result.exitCode === 0) return { version: result.stdout.trim(), problem: null }
  if (result.isMissing) return { version: null, problem: `${node} does not exist` }
  const [reason = ""] = result.stderr
    .trim()
    .split("\n")
    .filter((line) => /\S/.test(line))
    .slice(-1)
  const silent = result.exitCode === null ? "it did not answer in time" : `exit code ${result.exitCode}`
  return { version: null, problem: reason === "" ? silent : reason }
}
