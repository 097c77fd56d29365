import type { RunCommand } from "../machine/run-command.ts"

/** True: the user's manager, and with it the service, runs from boot on and after log-out; null: not known. */
export async function hasLinger(user: string, run: RunCommand): Promise<boolean | null> {
  const { exitCode, stdout } = await run("loginctl", ["show-user", user, "--property=Linger", "--value"])
  if (exitCode === 0) return stdout.trim() === "yes"
  // loginctl knows only users who are logged in or linger.
  return exitCode === null ? null : false
}

/** Some machines let a user do it, on others it takes root: then the sentence that says so. Null: it is on. */
export async function enableLinger(user: string, run: RunCommand): Promise<string | null> {
  if ((await hasLinger(user, run)) === true) return null
  const { exitCode } = await run("loginctl", ["--no-ask-password", "enable-linger", user])
  if (exitCode === 0) return null
  return lingerAdvice(user)
}

function lingerAdvice(user: string): string {
  return `The service starts when ${user} logs in and ends at log-out. To have it always: sudo loginctl enable-linger ${user}`
}
