import { mkdir, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"

/**
 * An agent as release 0.2.0 leaves it in a home. `runtime`: what that wrote when it started the agent, as a value or as a text;
 * without it one that was hired while that service was down, and never ran. `waiting`: what its queue has, the oldest first.
 */
export async function makeOldAgent(
  home: string,
  id: string,
  runtime?: object | string,
  waiting: readonly object[] = runtime === undefined ? [{ action: "connect" }] : [],
): Promise<void> {
  const files: Record<string, string> = {
    "AGENTS.md": `# AGENTS.md of ${id}\n`,
    "SOUL.md": "# SOUL.md\n",
    "memory/memory.md": `- ${id} remembers\n`,
    "notes/daily-2026-11-29.md": "- did something\n",
    "control/inbox.md": "- 2026-11-29T10:00:00: a message\n",
  }
  for (const [index, request] of waiting.entries())
    files[`control/queue/2026-11-29T10-00-00-00000${index + 1}.json`] = JSON.stringify(request)
  if (runtime !== undefined) {
    files["control/runtime.json"] = typeof runtime === "string" ? runtime : JSON.stringify(runtime)
  }
  await write(join(home, id), files)
}

/** What else it leaves beside the agents: none of it is one, though it has listed some of them. */
export async function makeOldHome(home: string): Promise<void> {
  await write(home, {
    "api.json": '{"host": "127.0.0.1", "port": 7011}',
    "master.pid": "999999",
    "logs/daemon.log": "",
    "logs/notes/daily-2026-11-29.md": "",
    "agent_replies/t1.json": JSON.stringify({
      task_id: "t1",
      agent: "manager",
      event: "final",
      data: { done: true },
      metadata: { channel: "c1" },
    }),
    "agent_replies/notes/daily-2026-11-29.md": "",
  })
}

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [file, text] of Object.entries(files)) {
    const path = join(folder, file)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  }
}
