import { chownSync } from "node:fs"

/** `nobody` on all systems that tests run on. */
const ordinaryUser = 65_534

/** For `describe.each`: files do as much for root as for others only where links and pipes are concerned. */
export const eachUser: readonly { readonly user: string; readonly uid: number }[] =
  process.getuid?.() === 0
    ? [
        { user: "root", uid: 0 },
        { user: "an ordinary user", uid: ordinaryUser },
      ]
    : [{ user: "an ordinary user", uid: process.getuid?.() ?? ordinaryUser }]

/** From now on this process has the rights of that user, who gets the folder. To be undone with `becomeOneself`. */
export function become(uid: number, folder: string): void {
  if (process.getuid?.() !== 0 || uid === 0) return
  chownSync(folder, uid, uid)
  process.setegid?.(uid)
  process.seteuid?.(uid)
}

/** Safe twice. */
export function becomeOneself(): void {
  if (process.getuid?.() !== 0) return
  process.seteuid?.(0)
  process.setegid?.(0)
}
