import { type ChildProcess, spawn } from "node:child_process"

/** In a session of its own, as the shells of agents are: no signal to the agent's group reaches it. */
export function shell(
  command: string,
  signal: AbortSignal,
): Promise<{ output: string; exit: number | null }> {
  return new Promise((resolve, reject) => {
    const child: ChildProcess = spawn("sh", ["-c", command], {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    })
    let output = ""
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        output += text
      })
    }
    child.once("close", (exit) => (signal.aborted ? reject(signal.reason) : resolve({ output, exit })))
    signal.addEventListener("abort", () => child.kill("SIGKILL"))
  })
}
