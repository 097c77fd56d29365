import { userInfo } from "node:os"
import type { RunCommand } from "./run-command.ts"
import { ServiceError } from "./service-error.ts"

/** The person whose agent CLI and log-in the service uses. */
export interface ServiceUser {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly homeDir: string
  readonly shell: string | null
}

/** The user of this process, as its environment has it (`HOME` may be set on purpose). */
export function currentUser(env: NodeJS.ProcessEnv): ServiceUser {
  const { username, uid, gid, homedir, shell } = userInfo()
  const home = env.HOME
  return { name: username, uid, gid, homeDir: home === undefined || home === "" ? homedir : home, shell }
}

/** Who called `sudo` (or doas); null: nobody did. */
export function invokingUserName(env: NodeJS.ProcessEnv): string | null {
  const name = env.SUDO_USER ?? env.DOAS_USER
  return name === undefined || name === "" || name === "root" ? null : name
}

/** A user of the machine by name. Rejects with `ServiceError` when there is none. */
export async function findUser(name: string, run: RunCommand): Promise<ServiceUser> {
  const { stdout, isMissing } = await run("getent", ["passwd", name])
  if (isMissing) return findMacUser(name, run)
  const [login = "", , uid = "", gid = "", , homeDir = "", shell = ""] = stdout.trim().split(":")
  if (login === "") throw unknownUser(name)
  return { name: login, uid: Number(uid), gid: Number(gid), homeDir, shell: shell === "" ? null : shell }
}

async function findMacUser(name: string, run: RunCommand): Promise<ServiceUser> {
  const { exitCode, stdout } = await run("dscl", [
    ".",
    "-read",
    `/Users/${name}`,
    "UniqueID",
    "PrimaryGroupID",
    "NFSHomeDirectory",
    "UserShell",
  ])
  const field = (key: string) => new RegExp(`^${key}:\\s*(.+)$`, "m").exec(stdout)?.[1]
  const homeDir = field("NFSHomeDirectory")
  if (exitCode !== 0 || homeDir === undefined) throw unknownUser(name)
  return {
    name,
    uid: Number(field("UniqueID")),
    gid: Number(field("PrimaryGroupID")),
    homeDir,
    shell: field("UserShell") ?? null,
  }
}

function unknownUser(name: string): ServiceError {
  return new ServiceError("failure", `There is no user ${JSON.stringify(name)} on this machine.`)
}
