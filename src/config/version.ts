import { readFileSync } from "node:fs"
import { findPackageJSON } from "node:module"

/** Of the package.json above this file, wherever the build puts it. */
export const version: string = readVersion()

function readVersion(): string {
  const file = findPackageJSON(import.meta.url)
  if (file === undefined) throw new Error("the program is not complete: its package.json is missing")
  // Our own file.
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version
}
