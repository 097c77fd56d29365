import { readdir, readFile } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { createAtomic } from "../../disk/write-atomic.ts"
import { systemCodeOf } from "../../domain/file-problem.ts"

/** No service manager reads a file with this ending. A second one has a number behind it: `….from-0.2.0.2`. */
const ending = ".from-0.2.0"

/**
 * Paths of the units of release 0.2.0 in whose place ours has been put, each as it was; the last one last. More than one: somebody has
 * gone back to that release meanwhile.
 */
export async function keptUnits(definitionPath: string): Promise<readonly string[]> {
  return (await numbersOf(definitionPath)).map((number) => pathOf(definitionPath, number))
}

/** Keeps such a unit beside, for the way back. It may hold a key: it is readable by its owner only. */
export async function keepUnit(definitionPath: string, text: string): Promise<void> {
  const last = (await numbersOf(definitionPath)).at(-1) ?? 0
  // The same again: an earlier try was ended half-way, or it was put back and not changed.
  if (last > 0 && (await readFile(pathOf(definitionPath, last), "utf8").catch(() => null)) === text) return
  let number = last + 1
  while (!(await createAtomic(pathOf(definitionPath, number), text))) number += 1
}

async function numbersOf(definitionPath: string): Promise<readonly number[]> {
  const prefix = `${basename(definitionPath)}${ending}`
  const names = await readdir(dirname(definitionPath)).catch((error: unknown) => {
    if (systemCodeOf(error) === "") throw error
    return []
  })
  return names
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
    .filter((rest) => rest === "" || /^\.[1-9]\d{0,5}$/.test(rest))
    .map((rest) => (rest === "" ? 1 : Number(rest.slice(1))))
    .toSorted((one, other) => one - other)
}

function pathOf(definitionPath: string, number: number): string {
  return join(
    dirname(definitionPath),
    `${basename(definitionPath)}${ending}${number === 1 ? "" : `.${number}`}`,
  )
}
