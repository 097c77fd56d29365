import { lstat, readdir } from "node:fs/promises"
import { join } from "node:path"
import { z } from "zod"
import { inFolder } from "../../disk/held-folder.ts"
import { readOwnFile } from "../../disk/own-file.ts"
import { messageOf } from "../../domain/errors.ts"
import type { Log } from "../../domain/log.ts"
import type { KeptReply } from "../../domain/replies.ts"
import { decodeFile } from "../agent/text-file.ts"

/** In the home: where release 0.2.0 wrote each reply as a file. We never change any of them. */
const folder = "agent_replies"

const maxFiles = 100
const maxFileBytes = 1024 * 1024
const maxTotalBytes = 4 * maxFileBytes

const fileSchema = z.object({
  task_id: z.string().max(200).nullish(),
  agent: z.string().min(1).max(200),
  event: z.string().max(200).nullish(),
  data: z.unknown(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
})

/** What release 0.2.0 has left of replies. */
interface OldReplies {
  /** The newest first; `id` is the name of the file. */
  readonly replies: readonly (KeptReply & { readonly file: string })[]
  /** There are more, for which there was no room. */
  readonly hasMore: boolean
  /** What of the folder is passed over, with the reason, for people. */
  readonly left: readonly { readonly file: string; readonly why: string }[]
}

/** Those that can be read; what is passed over is told to the log. */
export async function oldReplies(home: string, log: Log): Promise<Omit<OldReplies, "left">> {
  const { left, ...found } = await readOldReplies(home)
  for (const each of left) log("warn", "a reply that release 0.2.0 has left is not listed", each)
  return found
}

/**
 * Bounded: the newest files, up to so many and so much, of as many as are looked at. Empty where
 * there is no such folder. Never rejects. `maxNames` is there for tests.
 */
export async function readOldReplies(home: string, maxNames = 10_000): Promise<OldReplies> {
  const names = await inFolder({ root: home, folder }, ({ path }) => readdir(path)).catch(() => [])
  const files = names.filter((name) => name.endsWith(".json"))
  const dated = await Promise.all(
    files.slice(0, maxNames).map(async (name) => ({ name, at: await changedAt(join(home, folder, name)) })),
  )
  dated.sort((one, other) => other.at - one.at || one.name.localeCompare(other.name))
  const replies: (KeptReply & { file: string })[] = []
  const left: { file: string; why: string }[] = []
  let bytes = 0
  let isFull = false
  for (const { name, at } of dated.slice(0, maxFiles)) {
    const file = `${folder}/${name}`
    try {
      const content = await readOwnFile({ root: home, path: file }, maxFileBytes)
      bytes += content.length
      isFull ||= bytes > maxTotalBytes
      if (bytes > maxTotalBytes) throw new Error("newer ones have taken all the room")
      replies.push({ ...replyOf(decodeFile(content), name.slice(0, -".json".length)), createdAt: at, file })
    } catch (error) {
      left.push({ file, why: messageOf(error) })
    }
  }
  const why = whyNotAll(files.length, dated.length)
  if (why !== null) left.push({ file: folder, why })
  return { replies, hasMore: isFull || why !== null, left }
}

/** They lie there in no order of time: what nobody has looked at may be as new as the newest. */
function whyNotAll(files: number, seen: number): string | null {
  const more = files - Math.min(seen, maxFiles)
  if (more === 0) return null
  return files === seen
    ? `the ${more} oldest files are not listed`
    : `${more} of ${files} files are not listed: only ${seen} were looked at, so that newer ones may be among them`
}

function replyOf(text: string | null, id: string): Omit<KeptReply, "createdAt"> {
  const parsed = fileSchema.safeParse(jsonOf(text))
  if (!parsed.success) throw new Error("it is no reply of that release")
  const { agent, event, data, task_id: taskId, metadata } = parsed.data
  const isText = typeof data === "string"
  return {
    id,
    agentId: agent,
    clientId: null,
    principal: null,
    responseId: null,
    conversationId: null,
    text: isText ? data : JSON.stringify(data ?? null),
    isFinal: event === "final",
    delivery: "outbox",
    sent: { event: event ?? null, taskId: taskId ?? null, isJson: !isText, metadata: metadata ?? null },
  }
}

function jsonOf(text: string | null): unknown {
  try {
    return JSON.parse(text ?? "")
  } catch {
    throw new Error("it is no JSON")
  }
}

/** 0 where it is not there any more: reading it says why. */
function changedAt(path: string): Promise<number> {
  return lstat(path).then(
    ({ mtimeMs }) => Math.floor(mtimeMs),
    () => 0,
  )
}
