import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { messageOf, ProxyError } from "../../domain/errors.ts"

/** The person's own editor. */
function editorOf(env: NodeJS.ProcessEnv): string {
  return env.VISUAL || env.EDITOR || "vi"
}

/** Has the person write a message in their editor; resolves with it. Rejects with `ProxyError` where the editor fails. */
export async function editMessage(text: string, env: NodeJS.ProcessEnv): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "ai-agent-proxy-message-"))
  const file = join(folder, "message.md")
  const editor = editorOf(env)
  try {
    writeFileSync(file, text, { mode: 0o600 })
    // With its arguments, as a shell parts them.
    const child = spawn("sh", ["-c", `${editor} "$1"`, "sh", file], { stdio: "inherit", env })
    const [code] = (await once(child, "exit")) as [number | null]
    if (code === 0) return readFileSync(file, "utf8").trimEnd()
    throw new ProxyError(
      "invalid_request",
      `The editor (${editor}) ended with ${code ?? "a signal"}; nothing was sent.`,
    )
  } catch (error) {
    if (error instanceof ProxyError) throw error
    throw new ProxyError("invalid_request", `The editor (${editor}) cannot be used: ${messageOf(error)}.`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
