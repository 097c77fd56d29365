import { readdirSync, rmSync, writeFileSync } from "node:fs"
import operations, { open } from "node:fs/promises"
import { syncBuiltinESMExports } from "node:module"
import { join } from "node:path"

/** What a process that was killed would have done next. */
export class Killed extends Error {}

type Operation = (...args: unknown[]) => Promise<unknown>

const changing = ["open", "rename", "link", "rm", "mkdir", "chmod", "unlink", "copyFile", "writeFile"]
const changingHandle = ["writeFile", "chmod", "sync"]

/**
 * Everything that changes something below one folder, counted, and ended at the operation of a given number as a kill would
 * end it: neither that one nor any later one is done, clearing up included. In this process, so that each of a hundred operations
 * can be tried in seconds; that a real kill is no different is shown by a few of them under a real systemd.
 */
export class MortalFiles {
  #count = 0
  #last = Number.POSITIVE_INFINITY
  readonly #undo: (() => void)[] = []

  static async over(folder: string): Promise<MortalFiles> {
    const files = new MortalFiles()
    const probe = join(folder, ".probe")
    const handle = await open(probe, "w")
    files.#wrap(Object.getPrototypeOf(handle), changingHandle, () => true)
    await handle.close()
    rmSync(probe)
    // The functions of a module have no common type.
    const functions = operations as unknown as Record<string, Operation>
    // What an agent's folder is reached by is the descriptor of it.
    const places = [folder, "/proc/self/fd/"]
    const isBelow = (path: unknown) =>
      typeof path === "string" && places.some((place) => path.startsWith(place))
    files.#wrap(functions, changing, isBelow)
    syncBuiltinESMExports()
    return files
  }

  /** How many operations there are up to the end of `work`, or `Killed` at that of this number, counted from 1. */
  async run(work: () => Promise<unknown>, killAt = Number.POSITIVE_INFINITY): Promise<number | Killed> {
    this.#count = 0
    this.#last = killAt
    try {
      await work()
      return this.#count
    } catch (error) {
      if (this.#count >= killAt) return new Killed()
      throw error
    } finally {
      this.#last = Number.POSITIVE_INFINITY
    }
  }

  /** Also for what is no file operation: a call of another program. Throws `Killed`. */
  step(half: () => void = () => {}): void {
    this.#count += 1
    if (this.#count < this.#last) return
    // Only the one that it dies in.
    if (this.#count === this.#last) half()
    throw new Killed()
  }

  restore(): void {
    for (const undo of this.#undo) undo()
    syncBuiltinESMExports()
  }

  #wrap(
    target: Record<string, Operation>,
    names: readonly string[],
    isMeant: (path: unknown) => boolean,
  ): void {
    for (const name of names) {
      const original = target[name]
      if (original === undefined) throw new Error(`there is no ${name}`)
      const files = this
      target[name] = async function (this: unknown, ...args) {
        if (isMeant(args[0])) files.step(() => halfOf(name, this, args))
        // A kill loses nothing that was written; waiting for the disk would only take long.
        if (name === "sync") return
        return original.apply(this, args)
      }
      this.#undo.push(() => {
        target[name] = original
      })
    }
  }
}

/** What a kill within a longer operation leaves: half a text, or a folder with half of what was in it. */
function halfOf(name: string, handle: unknown, args: readonly unknown[]): void {
  const [first] = args
  if (name === "writeFile" && typeof handle === "object" && handle !== null && "fd" in handle) {
    writeFileSync(Number(handle.fd), String(first).slice(0, String(first).length / 2))
  }
  if (name === "rm" && typeof first === "string") removeHalf(first)
}

function removeHalf(path: string): void {
  let names: string[]
  try {
    names = readdirSync(path)
  } catch {
    // A file, which is there or not; or nothing at all.
    return
  }
  for (const name of names.slice(0, Math.ceil(names.length / 2))) {
    rmSync(join(path, name), { recursive: true, force: true })
  }
}
