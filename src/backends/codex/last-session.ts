import { z } from "zod"
import type { PastSession } from "../../domain/backend.ts"
import { newId } from "../../domain/ids.ts"
import { type FileChange, type Item, textMessage } from "../../domain/items.ts"
import type { Requester } from "../kit/rpc/rpc-client.ts"
import { itemOf } from "./items.ts"
import { nativeItemSchema } from "./protocol.ts"

/** Of all that is told of the session; what is older is left out. */
const maxCharacters = 400_000
/** Of what a command or a tool has put out, and of all diffs of an edit. */
const maxOutput = 8_000
/** Of a message in a turn that is too long: any one has room then, however it is escaped. */
const maxMessage = 50_000

const listSchema = z.object({ data: z.array(z.object({ id: z.string() })) })
const readSchema = z.object({
  thread: z.object({ turns: z.array(z.object({ items: z.array(nativeItemSchema) })) }),
})
const userMessage = z.object({
  content: z.array(z.looseObject({ type: z.string(), text: z.string().nullish() })),
})

/**
 * The newest session that codex was run with by hand or by a program in one of these folders (not
 * those of an app-server, which are the service's), as items. It is only read: `codex resume
 * --last` still finds it there. Null: codex has none.
 */
export async function lastSession(
  server: Requester,
  folders: readonly string[],
): Promise<PastSession | null> {
  const params = {
    cwd: folders,
    sourceKinds: ["cli", "exec"],
    modelProviders: [],
    sortKey: "updated_at",
    limit: 1,
  }
  const [newest] = (await server.request("thread/list", params, listSchema)).data
  if (newest === undefined) return null
  const { thread } = await server.request(
    "thread/read",
    { threadId: newest.id, includeTurns: true },
    readSchema,
  )
  return { thread: newest.id, items: newestItems(thread.turns.map(({ items }) => items.flatMap(ownItem))) }
}

/** Whole turns, up to so many characters; of the newest one its end where it alone has more. */
function newestItems(turns: readonly (readonly Item[])[]): readonly Item[] {
  const spoken = turns.filter((turn) => turn.length > 0)
  const kept = fitting(spoken)
  const isCut = kept.length < spoken.length
  const items = kept.length > 0 ? kept.flat() : fitting((spoken.at(-1) ?? []).flatMap(shortened))
  return [
    ...(isCut ? [textMessage(newId("msg_"), "developer", "(Earlier messages are left out.)")] : []),
    ...items,
  ]
}

/** The last ones that have room together. */
function fitting<T>(all: readonly T[]): readonly T[] {
  let room = maxCharacters
  const tooOld = all.findLastIndex((each) => {
    room -= JSON.stringify(each).length
    return room < 0
  })
  return all.slice(tooOld + 1)
}

/** Empty: nothing of it could be told on its own. */
function shortened(item: Item): Item[] {
  if (item.type !== "message") return JSON.stringify(item).length > maxCharacters / 2 ? [] : [item]
  return [
    {
      ...item,
      content: item.content.map((part) =>
        part.type !== "text" || part.text.length <= maxMessage
          ? part
          : { ...part, text: `(…) ${part.text.slice(-maxMessage).toWellFormed()}` },
      ),
    },
  ]
}

/** With an id of ours; what an agent needs nothing of is left out. */
function ownItem(native: z.infer<typeof nativeItemSchema>): Item[] {
  if (native.type === "userMessage") {
    const { content } = userMessage.parse(native)
    const text = content.map((part) => part.text ?? `(${part.type})`).join("\n")
    return text === "" ? [] : [textMessage(newId("msg_"), "user", text)]
  }
  const item = itemOf(native, true)
  switch (item?.type) {
    case "message":
      return [{ ...item, id: newId("msg_") }]
    case "command":
      return [{ ...item, id: newId("mcp_"), output: beginningOf(item.output, maxOutput) }]
    case "file_change":
      return [{ ...item, id: newId("mcp_"), changes: withShortDiffs(item.changes) }]
    case "tool_call": {
      const output = item.output === null ? null : beginningOf(item.output, maxOutput)
      const error = item.error === null ? null : beginningOf(item.error, maxOutput)
      return [{ ...item, id: newId("mcp_"), output, error }]
    }
    default:
      return []
  }
}

function withShortDiffs(changes: readonly FileChange[]): readonly FileChange[] {
  let room = maxOutput
  return changes.map((change) => {
    const diff = beginningOf(change.diff, room)
    room -= diff.length
    return { ...change, diff }
  })
}

function beginningOf(text: string, length: number): string {
  return text.slice(0, length).toWellFormed()
}
