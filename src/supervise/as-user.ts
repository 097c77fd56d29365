import type { ServiceUser } from "./service-user.ts"

/**
 * Does `work` with the rights of that user, who then owns what it makes. Root must not write into folders of others with its own
 * rights: a link planted there would lead it anywhere. Only the effective ids change, so nothing may be spawned
 * meanwhile; and nothing else may be going on. Without root it is this user's already.
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
