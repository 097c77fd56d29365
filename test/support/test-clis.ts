import { accessSync, constants } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const folder = fileURLToPath(new URL("../clis/node_modules/.bin", import.meta.url))

/** Path of an agent CLI out of `test/clis`, or null where `scripts/install-test-clis.sh` could not install it. */
export function testCli(name: string): string | null {
  const file = join(folder, name)
  try {
    accessSync(file, constants.X_OK)
    return file
  } catch {
    // Not installed here.
    return null
  }
}

/** What a suite prints, in its title, when it is skipped. */
export function missingCli(name: string): string {
  return `skipped: ${name} is not installed, see scripts/install-test-clis.sh`
}
