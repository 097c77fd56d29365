import { accessSync, constants, statSync } from "node:fs"
import path from "node:path"

/**
 * The program of a command line such as `codex resume --last || codex`: the first word. Quotes keep spaces together
 * (`"/opt/my tools/codex" exec`), a backslash does so outside single quotes. Nothing is ever given to a shell.
 * A plain path with spaces and without quotes is cut at its first space, as a shell would.
 */
export function executableOf(value: string): string {
  let word = ""
  let quote: string | null = null
  let hasBegun = false
  for (let index = 0; index < value.length; index++) {
    const character = value[index] ?? ""
    if (quote === null && /\s/.test(character)) {
      if (hasBegun) break
      continue
    }
    hasBegun = true
    if (character === quote) quote = null
    else if (quote === null && (character === '"' || character === "'")) quote = character
    else if (quote === null && (character === "|" || character === ";" || character === "&")) break
    else if (
      character === "\\" &&
      quote !== "'" &&
      process.platform !== "win32" &&
      index + 1 < value.length
    ) {
      index += 1
      word += value[index]
    } else word += character
  }
  return word
}

/**
 * Absolute path of a program, looked for in a `PATH` value; null: there is none that may be run. A name with a slash
 * is a path already. Read anew on every call, so that a program installed later is found.
 */
export function findExecutable(name: string, pathVariable: string | undefined): string | null {
  if (name === "") return null
  if (name.includes("/")) {
    const absolute = path.resolve(name)
    return isExecutableFile(absolute) ? absolute : null
  }
  for (const folder of (pathVariable ?? "").split(path.delimiter)) {
    if (folder === "") continue
    const candidate = path.resolve(folder, name)
    if (isExecutableFile(candidate)) return candidate
  }
  return null
}

function isExecutableFile(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    // Missing, a dangling link, or not ours to run: all of them mean that the search goes on.
    return false
  }
}
