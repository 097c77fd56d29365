import { copyFile, cp, mkdir, symlink } from "node:fs/promises"
import { dirname, join } from "node:path"
import { runCommandsInSandbox } from "../../systemd/sandbox.ts"
import type { Bench } from "../real-client.ts"

const what = "under a real systemd"
const limitSeconds = 780

/** Both releases as the service of one machine, one behind the other: each step is a check. `environment`: of Python, with 0.2.0 in it. */
export async function checkUnderSystemd(bench: Bench, environment: string): Promise<void> {
  const program = join(import.meta.dirname, "programs/both-releases.ts")
  if (isHiddenInside(program)) {
    bench.skip(what, "the sandbox has a /tmp and a /run of its own, and this checkout is there")
    return
  }
  const payload = await makePayload(bench, environment)
  const commands = [`/payload/bin/node ${program} ${environment}`]
  const { code, output, skipReason } = await runCommandsInSandbox(payload, commands, limitSeconds)
  if (skipReason !== null) {
    bench.skip(what, skipReason)
    return
  }
  for (const { title, failure } of stepsOf(output)) {
    await bench.check(`${what}: ${title}`, async () => {
      if (failure !== null) throw new Error(failure)
    })
  }
  await bench.check(`${what}: to the end`, async () => {
    if (code !== 0) throw new Error(`exit code ${code}: ${output.slice(-800)}`)
  })
}

function isHiddenInside(path: string): boolean {
  return /^\/(?:tmp|run)\//.test(path)
}

/** The build that is tried, Node beside it, and what the machine could not see otherwise. */
async function makePayload({ command, folder }: Bench, environment: string): Promise<string> {
  const payload = join(folder, "payload")
  const [node = "", launcher = ""] = command
  await mkdir(join(payload, "bin"), { recursive: true })
  await copyFile(node, join(payload, "bin/node"))
  await cp(dirname(dirname(launcher)), join(payload, "build"), { recursive: true })
  await symlink("../build/bin/ai-agent-proxy.cjs", join(payload, "bin/ai-agent-proxy"))
  if (isHiddenInside(environment))
    await cp(environment, join(payload, "environment"), { recursive: true, verbatimSymlinks: true })
  return payload
}

/** What `scenario` has printed; the first step that fails is the last, and all behind it is why. */
function stepsOf(output: string): { readonly title: string; readonly failure: string | null }[] {
  const [passed = "", failed] = output.split(/^not ok /m, 2)
  const steps = [...passed.matchAll(/^ok (.+)$/gm)].map(([, title = ""]) => ({ title, failure: null }))
  if (failed === undefined) return steps
  const [title = "", ...why] = failed.split("\n")
  return [...steps, { title, failure: why.join("\n") }]
}
