import { type Item, isAnswer, type MessageItem, textMessage, textOf } from "../../domain/items.ts"
import type { Plan } from "../plan/plan.ts"

/** What the client has of a cut answer; null: it is whole, or nothing of it was shown. */
export function seenTextOf(output: readonly Item[]): string | null {
  const answers = output.filter(isAnswer)
  if (!answers.some((message) => message.status === "incomplete")) return null
  const text = answers
    .map((message) => textOf(message.content))
    .filter((part) => part !== "")
    .join("\n\n")
  return text === "" ? null : text
}

/** What an agent did in a turn is told in so many lines of so many characters. */
const maxLines = 40
const maxLineLength = 200

/**
 * A CLI drops the message that it was interrupted in, or has it whole where the interrupt came too
 * late; some forget the whole turn. The agent is told before the next one, so that it goes on from
 * what the client has, and knows what it has done. `seenText`: of its answer; empty: nothing was
 * seen. `output`: of the turn that was cut.
 */
export function cutNote(seenText: string, output: readonly Item[]): MessageItem {
  const seen =
    seenText === ""
      ? "Your last turn was stopped, or failed, before the user had an answer; that is no complaint about it."
      : "Your last answer was cut short by a limit, a stop or a failure outside of you; that is no complaint about it. " +
        `Whatever you remember of it, the user has seen exactly this:\n\n${seenText}`
  const deeds = output.flatMap(deedLines)
  const left = deeds.length - maxLines
  const done = [
    "What you did in that turn is done, and stays so:",
    ...deeds.slice(0, maxLines),
    ...(left > 0 ? [`- and ${left} more`] : []),
  ].join("\n")
  return textMessage("cut", "developer", deeds.length === 0 ? seen : `${seen}\n\n${done}`)
}

function deedLines(item: Item): readonly string[] {
  switch (item.type) {
    case "command": {
      const end = item.exitCode === null ? "did not end" : `exit code ${item.exitCode}`
      return [line(`ran \`${item.command}\``, ` (${end})`)]
    }
    case "file_change":
      return item.changes.map(({ kind, path }) => line(`${kind === "add" ? "added" : `${kind}d`} ${path}`))
    case "tool_call":
      return [line(`called ${item.server}.${item.tool}`, item.error === null ? "" : " (failed)")]
    default:
      return []
  }
}

function line(what: string, end = ""): string {
  const whole = what.replaceAll(/\s+/g, " ")
  return `- ${whole.length > maxLineLength ? `${whole.slice(0, maxLineLength)}…` : whole}${end}`
}

const goOn =
  "Nothing new was said. Go on with your last answer from exactly where it ends: what you say now is put right behind it, so repeat " +
  "nothing of it, and say nothing about going on. If it is complete, add what is still of use."
const begin = "The user has said nothing yet. Do now what your instructions say."
const empty = "The user has sent a message with nothing in it."

type Asked = Pick<Plan, "added" | "parentTurnId" | "clientHistory">

/**
 * The new messages of a turn. A request may bring nothing that an agent could answer: a history
 * that ends with the agent's own words, nothing but instructions, or an empty message. CLIs and
 * model servers want something there, and would put words of their own, so the agent is told what
 * is the case.
 */
export function saidNow(plan: Asked): readonly MessageItem[] {
  const messages = plan.added.filter((item) => item.type === "message")
  const hasOutputs = messages.length < plan.added.length
  return hasOutputs || !messages.every(isEmpty)
    ? messages
    : [...messages, textMessage("nothing", "developer", noteOf(plan, messages))]
}

function noteOf({ parentTurnId, clientHistory }: Asked, messages: readonly MessageItem[]): string {
  if (messages.some(({ role }) => role === "user")) return empty
  return parentTurnId !== null || clientHistory.length > 0 ? goOn : begin
}

function isEmpty({ content }: MessageItem): boolean {
  return content.every((part) => part.type === "text" && part.text.trim() === "")
}
