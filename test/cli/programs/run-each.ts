/**
 * Runs command lines one after the other in this one process, each as `ai-agent-proxy` would: a start for each would take
 * minutes. argv[2]: a JSON list of them. Prints a JSON line for each: exit code, output, and which files of the home it has
 * changed.
 */
import { run } from "../../../src/cli/program.ts"
import { contentsOf } from "../../support/contents-of.ts"

/** A daemon that runs where it should not have started would run for ever. */
const deadlineMs = 60_000

const home = process.env.AI_AGENT_PROXY_HOME ?? ""
// Our own caller wrote it.
const commands = JSON.parse(process.argv[2] ?? "[]") as string[][]
const writeOut = process.stdout.write.bind(process.stdout)
const writeError = process.stderr.write.bind(process.stderr)
// Each run listens for errors of stdout.
process.stdout.setMaxListeners(0)

for (const args of commands) {
  const deadline = setTimeout(() => {
    writeOut(`${JSON.stringify({ args, problem: `still runs after ${deadlineMs} ms` })}\n`)
    process.exit(1)
  }, deadlineMs)
  const before = contentsOf(home)
  let stdout = ""
  let stderr = ""
  process.stdout.write = (text) => {
    stdout += text
    return true
  }
  process.stderr.write = (text) => {
    stderr += text
    return true
  }
  process.exitCode = 0
  await run([process.execPath, "ai-agent-proxy", ...args])
  process.stdout.write = writeOut
  process.stderr.write = writeError
  const code = process.exitCode
  process.exitCode = 0
  const after = contentsOf(home)
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((path) => before[path] !== after[path])
    .map((path) => ({ path, before: before[path] ?? null, after: after[path] ?? null }))
  writeOut(`${JSON.stringify({ args, code, stdout, stderr, changed })}\n`)
  clearTimeout(deadline)
}
process.exit(0)
