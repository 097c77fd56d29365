import { spawn } from "node:child_process"
import { once } from "node:events"
import { expect, it } from "vitest"
import { createTempDir } from "../../support/temp-dir.ts"
import { processesLeft } from "./processes-left.ts"

it.runIf(process.platform === "linux")(
  "a process that outlives its service is found, and one that has ended is not",
  async () => {
    const home = await createTempDir("left")
    const env = { PATH: "/usr/bin:/bin", HOME: home.path }
    const child = spawn("sleep", ["61"], { env, detached: true, stdio: "ignore" })
    const exited = once(child, "exit")
    await once(child, "spawn")
    expect(await processesLeft(home.path, 0)).toEqual(["sleep 61"])
    child.kill()
    await exited
    expect(await processesLeft(home.path, 0)).toEqual([])
    await home.remove()
  },
)
