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

/**
 * Does `work` with the rights of that user, who then owns what it makes. Root must not write into
 * folders of others with its own rights: a link planted there would lead it anywhere. Only the
 * effective ids change, so nothing may be spawned meanwhile; and nothing else may be going on.
 * Without root it is this user's already.
 */
export async function asUser<T>(
  user: Pick<ServiceUser, "name" | "uid" | "gid">,
  work: () => Promise<T>,
): Promise<T> {
  // Missing in the types, not in Node.
  const posix = process as NodeJS.Process & { initgroups?: (user: string, group: number) => void }
  const isOther = process.geteuid?.() === 0 && user.uid !== 0
  if (!isOther || posix.initgroups === undefined) return work()
  const groups = process.getgroups?.() ?? []
  const group = process.getegid?.() ?? 0
  posix.initgroups(user.name, user.gid)
  process.setegid?.(user.gid)
  process.seteuid?.(user.uid)
  try {
    return await work()
  } finally {
    process.seteuid?.(0)
    process.setegid?.(group)
    process.setgroups?.(groups)
  }
}
