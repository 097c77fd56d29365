import { z } from "zod"
import type { PastSession } from "../../domain/backend.ts"
import { newId } from "../../domain/ids.ts"
import type { Item, MessageItem } from "../../domain/items.ts"
import type { AppServer } from "./app-server.ts"
import { itemOf } from "./item-mapping.ts"
import { nativeItemSchema } from "./protocol.ts"

/** Of all that is told of the session; older turns are left out. */
const maxCharacters = 400_000
/** Of the output of a command. */
const maxOutput = 8_000

const listSchema = z.object({ data: z.array(z.object({ id: z.string() })) })
const readSchema = z.object({
  thread: z.object({ turns: z.array(z.object({ items: z.array(nativeItemSchema) })) }),
})
const userMessage = z.object({
  content: z.array(z.looseObject({ type: z.string(), text: z.string().nullish() })),
})

/**
 * The newest session that codex was run with by hand or by a program in one of these folders (not those of an app-server, which are
 * the service's), as items. It is only read: `codex resume --last` still finds it there. Null: codex has none.
 */
export async function lastSession(
  server: AppServer,
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

/** Whole turns, up to so many characters. */
function newestItems(turns: readonly (readonly Item[])[]): readonly Item[] {
  const kept: Item[][] = []
  let room = maxCharacters
  for (const turn of turns.toReversed()) {
    room -= JSON.stringify(turn).length
    if (room < 0) break
    kept.unshift([...turn])
  }
  const cut = kept.length < turns.length ? [said("developer", "(Earlier messages are left out.)")] : []
  return [...cut, ...kept.flat()]
}

/** With an id of ours; what an agent needs nothing of is left out. */
function ownItem(native: z.infer<typeof nativeItemSchema>): Item[] {
  if (native.type === "userMessage") {
    const { content } = userMessage.parse(native)
    const text = content.map((part) => part.text ?? `(${part.type})`).join("\n")
    return text === "" ? [] : [said("user", text)]
  }
  const item = itemOf(native, true)
  switch (item?.type) {
    case "message":
      return [{ ...item, id: newId("msg_") }]
    case "command":
      return [{ ...item, id: newId("mcp_"), output: item.output.slice(0, maxOutput).toWellFormed() }]
    case "file_change":
    case "tool_call":
      return [{ ...item, id: newId("mcp_") }]
    default:
      return []
  }
}

function said(role: "user" | "developer", text: string): MessageItem {
  return {
    type: "message",
    id: newId("msg_"),
    role,
    content: [{ type: "text", text }],
    phase: null,
    status: "completed",
  }
}
