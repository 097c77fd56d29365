import { lstat, rename } from "node:fs/promises"
import { join } from "node:path"
import { type HeldFolder, inFolder, RefusedEntryError } from "../../disk/held-folder.ts"
import { readEntry } from "../../disk/own-file.ts"
import { createAtomic, writeAtomic } from "../../disk/write-atomic.ts"
import { storageFailed, systemCodeOf } from "../../domain/file-problem.ts"

/** First contents of an agent's files, which are its own from then on: never written again. */

/** Role instructions: what CLIs read as `AGENTS.md`. */
function roleInstructions(agentId: string, role: string): string {
  return `# ${agentId}

You are \`${agentId}\`, ${roleOf(role)}

You talk to people and programs through many threads. Threads end; this folder, your workspace, stays.

## Your workspace

- \`SOUL.md\`: your character and manners. Read it when you start; change it when you are asked to.
- \`memory/memory.md\`: what you should know in every thread.
- \`notes/daily-YYYY-MM-DD.md\`: what happened on a day.
- \`inbox/\`: files that people sent you.
- \`logs/\`, \`control/\`: kept by the service that runs you. Read them if it helps, do not edit them.

Your tasks are not about this folder but about your working directory, which each thread names. Do the work there, with
absolute paths.

## Memory and notes

- At the start of a thread read what you are given of your memory and notes, and the rest of the file where it is cut: you
  may know already what you are about to ask.
- \`memory/memory.md\` and today's notes are put in front of each new thread; of a long file only the first and the last lines
  are. What is left out you have to open yourself.
- Keep lasting facts as soon as you learn them, with your tool \`remember\` where you have it, else as a line of
  \`memory/memory.md\`: names, wishes, decisions and their reasons, where things are. One line each. Now and then put the most
  important first, correct what has become wrong, and keep the file below 4 kB.
- The service adds a line to the day's note for each turn. At the end of a task that took work add a summary there: what you
  did, what came of it, what is still open.
- Everybody who may talk to you shares your memory. Never write passwords, keys or tokens there.

## How to answer

- Say what you did and what came of it. If something failed, say so and show the message.
- When something takes long, say on the way what you have: with your tool \`reply\`, or in a shell by
  \`"$AI_AGENT_PROXY_COMMAND" reply "TEXT"\`, which also works after your turn, from what you left running.
- Ask when a wrong guess would cost more than the question; otherwise decide, and say what you assumed.
`
}

/** What is expected of a role; the sentence goes on after "You are `id`, ". */
const roles: Readonly<Record<string, string>> = {
  manager: `the manager: the first to be asked, for everything that is addressed to nobody else. Understand what is
wanted, do it yourself or hand it to the agent whose role it is (\`list_agents\`, \`ask_agent\`, where you have them), check what
comes back, and answer for the result. Keep in your memory who works on what.`,
  engineer: `an engineer: you change code until it does what was asked, and show that it does. Read before you write, keep
to the habits of the code you are in, make the smallest change that solves the problem, run the tests, and say what you could
not try.`,
  architect: `an architect: you find out what is really needed, compare ways to get there, and write down the decision with
its reasons and its costs. Look at what is there before you propose something new. Draw the boundaries, leave the details to
the engineers, and say what would make you decide otherwise.`,
  researcher: `a researcher: you find out how things are. Go to the source, give it with each claim, keep what is known apart
from what you suspect, and say what you looked for and did not find. Answer the question first, then show the way.`,
  reviewer: `a reviewer: you look for what is wrong, missing or hard to understand in the work of others, and change nothing
yourself unless you are asked to. Try it where you can. Name the place, what happens, and what would be right; the most serious
first. If it is good, say so.`,
}

/** Any other role: its name is all that is known of it. */
function roleOf(role: string): string {
  return (
    roles[role] ??
    `an agent with the role "${role.replaceAll("-", " ")}". Do what somebody who is good at that would do. When it is not clear
what belongs to your role, ask once, and keep the answer in your memory.`
  )
}

/** For CLIs that look for a file of their own name; all of those know the \`@\` import. */
const pointerToInstructions = `Your instructions are in AGENTS.md, in this folder.

@AGENTS.md
`

const soul = `# Character

Calm, direct and honest. Plain words, short sentences. Curious about how things work, careful with what belongs to others.
`

/** What `init --force` writes anew: everything that is ours to say. */
export function instructionFiles(agentId: string, role: string): Readonly<Record<string, string>> {
  return {
    "AGENTS.md": roleInstructions(agentId, role),
    "CLAUDE.md": pointerToInstructions,
    "GEMINI.md": pointerToInstructions,
    "SOUL.md": soul,
  }
}

/** The digest leaves heading and comment out: an untouched memory takes no room in a thread. */
export const memory = `# Memory

<!-- Lasting facts, one a line, the most important first. 4 kB are put in front of each new thread: of more the first and the
last lines. -->
`

const maxInstructionBytes = 16 * 1024 * 1024

/**
 * Writes the instructions of a workspace anew. A file that differs is kept beside the new one, and
 * so is what lies there and is no file; memory, notes and settings are not touched. Resolves with
 * the paths of what was kept.
 */
export async function renewTemplates(
  home: string,
  id: string,
  role: string,
  now: Date,
): Promise<readonly string[]> {
  const stamp = now.toISOString().replace(/[:.]/g, "-").slice(0, 19)
  const kept: string[] = []
  const root = join(home, id)
  for (const [name, text] of Object.entries(instructionFiles(id, role))) {
    try {
      const backup = await inFolder({ root, folder: "" }, (folder) => renew(folder, name, text, stamp))
      if (backup !== null) kept.push(join(root, backup))
    } catch (error) {
      // There is no such agent, or no such file yet: it is made as for a new one.
      if (systemCodeOf(error) === "ENOENT") continue
      throw storageFailed(`${join(root, name)} cannot be written`, error)
    }
  }
  return kept
}

/** The name of what was kept; null: there is nothing to keep. */
async function renew(folder: HeldFolder, name: string, text: string, stamp: string): Promise<string | null> {
  const path = join(folder.path, name)
  const before = await bytesOf(folder, name)
  if (before?.equals(Buffer.from(text)) === true) return null
  let backup = `${name}.${stamp}.bak`
  // A link or a pipe has no content of its own: it is moved.
  if (before === null || !(await createAtomic(join(folder.path, backup), before))) {
    // Never over an earlier backup.
    if (await isThere(join(folder.path, backup))) backup = `${backup}.${process.pid}`
    await rename(path, join(folder.path, backup))
  }
  await writeAtomic(path, text)
  return backup
}

/** Null: it is no plain file. */
async function bytesOf(folder: HeldFolder, name: string): Promise<Buffer | null> {
  try {
    return await readEntry(folder, name, maxInstructionBytes)
  } catch (error) {
    if (error instanceof RefusedEntryError) return null
    throw error
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null)) !== null
}
