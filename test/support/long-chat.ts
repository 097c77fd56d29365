import type OpenAI from "openai"

type Role = "system" | "user" | "assistant" | "tool"

interface Call {
  readonly id: string
  readonly name: string
  readonly arguments: string
}

/** A message as the front end keeps it, in neither API's form. */
interface Kept {
  readonly role: Role
  readonly text: string
  readonly call?: Call
}

interface Asked {
  readonly text: string
  readonly call: Call | null
}

/** One way to send a conversation and to read its answer. */
export interface ChatWire {
  readonly name: "chat" | "Responses"
  ask(
    client: OpenAI,
    messages: readonly Kept[],
    tools: readonly string[],
    isStreamed: boolean,
    signal: AbortSignal | null,
  ): Promise<Asked>
}

export interface LongChat {
  /** Each stands in one message of the user. */
  readonly saidMarks: readonly string[]
  /** Each is printed by one command of the agent; the command itself does not hold it. */
  readonly ranMarks: readonly string[]
  /** As of `saidMarks`, of the message whose answer was stopped. */
  readonly stopped: { readonly said: string; readonly ran: string }
  /** What the model answered to the last message. */
  readonly last: string
}

export interface LongChatOptions {
  readonly client: OpenAI
  readonly wire: ChatWire
  /** Called before each turn with what it changes. */
  readonly onTurn?: (what: string) => void
  /** Resolves when the command of the turn that is to be stopped has run. */
  readonly hasRun: (mark: string) => Promise<unknown>
}

const rules = Array.from({ length: 12 }, (_, rule) => `Rule ${rule} of this house is kept.`).join("\n")

/**
 * Twelve turns as front ends send them: all of the conversation each time, with a clock in the system prompt, thoughts in front of
 * answers, functions that come and go, a file's text around the newest message only, an answer that was stopped, one that was
 * edited, and a reminder.
 */
export async function runLongChat({ client, wire, onTurn, hasRun }: LongChatOptions): Promise<LongChat> {
  const kept: Kept[] = []
  const saidMarks: string[] = []
  const ranMarks: string[] = []
  let turn = 0
  let minute = 0

  const say = (text: string, isRunning: boolean): string => {
    const mark = `A${turn}-of-the-chat`
    saidMarks.push(mark)
    if (!isRunning) return `${text} ${mark}`
    ranMarks.push(`B${turn}-42`)
    // gemini refuses commands with a `$(` in them.
    return `[[shell:printf 'B${turn}-%s2 ' 4 | tee -a ran.txt]]${text} ${mark}`
  }
  const ask = (
    tools: readonly string[],
    { around = (text: string) => text, signal = null as AbortSignal | null } = {},
  ): Promise<Asked> => {
    minute += 1
    const system = { role: "system", text: `You are kind. It is 10:${10 + minute}.\n${rules}` } as const
    const newest = kept.findLastIndex(({ role }) => role === "user")
    const sent = kept.map((one, index) => (index === newest ? { ...one, text: around(one.text) } : one))
    return wire.ask(client, [system, ...sent], tools, turn % 2 === 0, signal)
  }
  const begin = (what: string, text: string, isRunning = false): void => {
    turn += 1
    onTurn?.(what)
    kept.push({ role: "user", text: say(text, isRunning) })
  }
  const answered = ({ text }: Asked, edit = (answer: string) => answer): void => {
    kept.push({ role: "assistant", text: edit(text) })
  }

  begin("the first", "[[say:answer one]]", true)
  answered(await ask(["alpha"]), (text) => `<think>\nThey want one.\n</think>\n\n${text}`)

  begin("a clock, thoughts in front of the answer", "[[say:answer two]]", true)
  answered(await ask(["alpha"]))

  begin("a function more, which is called", "[[tool:beta:{}]][[say:answer three]]")
  const { call } = await ask(["alpha", "beta"])
  if (call === null) throw new Error("the agent did not call beta")
  kept.push({ role: "assistant", text: "", call })
  kept.push({ role: "tool", text: "beta-gave-this", call })
  answered(await ask(["alpha", "beta"]))

  begin("a function less", "[[say:answer four]]")
  answered(await ask(["beta"]))

  begin("a file's text around the newest message", "[[say:answer five]]")
  answered(await ask(["beta"], { around: (text) => `<context>\nThe file says plum.\n</context>\n\n${text}` }))

  begin("without the file's text", "[[say:answer six]]", true)
  answered(await ask(["beta"]))

  begin("a stop", "[[slow:300:50]]", true)
  const stopped = { said: saidMarks.at(-1) ?? "", ran: ranMarks.at(-1) ?? "" }
  const stop = new AbortController()
  const cut = ask(["beta"], { signal: stop.signal }).catch(() => null)
  await hasRun(stopped.ran)
  stop.abort()
  await cut

  begin("behind the stop, whose answer is left out", "[[say:answer eight]]")
  answered(await ask(["beta"]), () => "Edited by hand.")

  begin("an answer that was edited", "[[say:answer nine]]", true)
  answered(await ask(["beta"]))

  begin("a reminder behind the newest message", "[[say:answer ten]]")
  answered(await ask(["beta"], { around: (text) => `${text}\n\nReminder: keep to the format.` }))

  begin("without the reminder", "[[say:answer eleven]]", true)
  answered(await ask(["beta"]))

  begin("the last", "[[say:answer twelve]]")
  const last = await ask(["beta"])
  return { saidMarks, ranMarks, stopped, last: last.text }
}

const emptyParameters = { type: "object", properties: {} }

export const chatWire: ChatWire = {
  name: "chat",
  ask: async (client, messages, tools, isStreamed, signal) => {
    const request = {
      model: "manager",
      messages: messages.map(chatMessage),
      tools: tools.map((name) => ({
        type: "function" as const,
        function: { name, description: name, parameters: emptyParameters },
      })),
    }
    const options = signal === null ? {} : { signal }
    const { choices } = isStreamed
      ? await client.chat.completions.stream(request, options).finalChatCompletion()
      : await client.chat.completions.create(request, options)
    const message = choices[0]?.message
    const [call] = message?.tool_calls ?? []
    return {
      text: message?.content ?? "",
      call:
        call?.type === "function"
          ? { id: call.id, name: call.function.name, arguments: call.function.arguments }
          : null,
    }
  },
}

function chatMessage({ role, text, call }: Kept): OpenAI.Chat.ChatCompletionMessageParam {
  if (call === undefined) {
    // Only an answer to a call is of a tool.
    return { role: role as "system" | "user" | "assistant", content: text }
  }
  if (role === "tool") return { role, tool_call_id: call.id, content: text }
  const { id, name, arguments: args } = call
  return { role: "assistant", tool_calls: [{ id, type: "function", function: { name, arguments: args } }] }
}

export const responsesWire: ChatWire = {
  name: "Responses",
  ask: async (client, messages, tools, isStreamed, signal) => {
    const [system, ...others] = messages
    const request = {
      model: "manager",
      instructions: system?.text ?? null,
      input: others.map(inputItem),
      tools: tools.map((name) => ({
        type: "function" as const,
        name,
        description: name,
        strict: false,
        parameters: emptyParameters,
      })),
    }
    const options = signal === null ? {} : { signal }
    const response = isStreamed
      ? await client.responses.stream(request, options).finalResponse()
      : await client.responses.create(request, options)
    const [call] = response.output.flatMap((item) => (item.type === "function_call" ? [item] : []))
    return {
      text: response.output_text,
      call: call === undefined ? null : { id: call.call_id, name: call.name, arguments: call.arguments },
    }
  },
}

function inputItem({ role, text, call }: Kept): OpenAI.Responses.ResponseInputItem {
  if (call === undefined) {
    // Only an output of a call is of a tool.
    return { type: "message", role: role as "user" | "assistant", content: text }
  }
  if (role === "tool") return { type: "function_call_output", call_id: call.id, output: text }
  return { type: "function_call", call_id: call.id, name: call.name, arguments: call.arguments }
}
