/** A sentence or two: what is asked for stands there, and rules and samples behind it. */
export const headLength = 300

const making = String.raw`\b(?:generat|creat|writ|rewrit|provid|produc|suggest|predict|propos|giv|mak|summari[sz])(?:e|es|s|ing)?\b`
/** `the chat page`, `a session cookie`: things of a program, and no conversations. */
const thing = String.raw`(?! (?:apps?|bots?|class\w*|clients?|components?|cookies?|ids?|lists?|logs?|models?|pages?|rooms?|servers?|services?|stores?|tables?|tokens?|views?|windows?)\b)`
const talk = String.raw`(?:conversations?|chats?|threads?|sessions?|exchange|discussion)\b${thing}`
const one = "(?:conversation|chat|thread|session|exchange|discussion)"
/** `the session cookie` is no session. */
const here = String.raw`(?:(?:this|our)(?: \w+)? ${one}\b|the ${one}(?:$|[.,:;!?\n]| (?:above|before|so far|until|up to|briefly)\b))`

/** It is the product itself, and no ticket with it, script that gives it, or test of it. */
const makingOf = String.raw`${making}(?:(?!\b(?:with|that|which|for|from|of|in|into|and)\b)[^.\n]){0,80}`

/** What is written about a conversation for its list, its search, its next message or its past. */
const products: readonly (readonly [name: string, ...patterns: RegExp[]])[] = [
  [
    "title",
    pattern(makingOf, String.raw`\b(?:titles?(?! pages?\b)|names?)\b[^.\n]{0,90}\b`, talk),
    // `give this conversation a name`, no `create a session with the name`, nor `a script that …`.
    pattern(
      String.raw`(?<!\b(?:that|which|who) )${makingOf}\b${talk}`,
      String.raw`(?:(?!\b(?:with|by|whose|under)\b)[^.\n]){0,30}\b(?:titles?|name)\b`,
    ),
    pattern(String.raw`\b(?:name|title) ${here}|\btitle generator\b`),
    /\banaly[sz]e this conversation\b[\s\S]{0,120}\btitle\b/i,
  ],
  ["tags", pattern(makingOf, String.raw`\btags\b[^.\n]{0,90}\b`, talk)],
  [
    "follow-ups",
    pattern(makingOf, String.raw`\bfollow-?ups?\b[^.\n]{0,120}\b(?:user|conversation|chat)\b`),
    pattern(makingOf, String.raw`\b(?:questions|messages|prompts|replies)\b[^.\n]{0,80}\b`, talk),
  ],
  ["queries", pattern(makingOf, String.raw`\bquer(?:y|ies)\b[^.\n]{0,90}\b(?:${talk}|search|retrieval)`)],
  [
    "summary",
    /\bsummar(?:y|i[sz]e|i[sz]ing|i[sz]ation)\b[^.\n]{0,90}\b(?:conversations?|chat|discussion|checkpoint|turns)\b/i,
  ],
]

/** Says that the answer is to be nothing but the product. */
const onlyThat =
  /\b(?:output|return|respond|reply|answer|response|produce)\w*\b[^.\n]{0,60}\b(?:only|solely|just|exactly|exclusively)\b|\bonly\b[^.\n]{0,20}\b(?:output|return|respond|reply|answer)|\bnothing else\b|\bwithout any (?:lead-in|introduct|additional|extra)/i

/** Bounds the product: `5 words or less`, `four to five word title`, `max 40 characters`. */
const shortness = /\b(?:\d+|three|four|five|six)[- ]?(?:word|character)s?\b/i

/** `Generate …`, `You are a title generator`: not an assistant that knows many things. */
const orderOrRole =
  /^\W*(?:\w+ly\W+)?(?:please )?(?:you are|(?:you (?:will |need to |should |must )?)?(?:generate|create|write|rewrite|provide|suggest|predict|summari[sz]e|name))\b/i

/** What only an agent can do: change something, or put something somewhere. */
const deeds: readonly RegExp[] = [
  // Of a thing: `run the tests`, `commit it`.
  /\b(?:apply|appli|run|execut|fix|mend|repair|implement|refactor|deploy|install|commit|push|merg|edit|modif|delet|renam|restart|open|clos|build)(?:e|es|s|y|ing)? (?:it|them|this|these|those|that|the|all|any|each|every|everything|what|whatever|your|my|our|its|their|an?)\b/i,
  // As an order of its own: `and commit`, `then push`, `Email it`.
  /\b(?:and|then|or) (?:then |also )?(?:apply|run|execute|fix|mend|repair|implement|refactor|deploy|install|commit|push|merge)\b(?! messages?\b)/i,
  /(?:^|[.!?:\n]\s*|\b(?:and|then|or|please) (?:then |also )?)(?:remember|e-?mail|notify|send|post|publish|upload|save|store|append|schedule|delete|do (?:it|this|that|what|so))\b/i,
  // As somebody's work: `who applies patches`.
  /\b(?:applies|executes|implements|deploys|installs|refactors|modifies|mends|repairs)\b|\b(?:that|who|which|and) (?:also )?(?:runs|fixes|edits|commits|pushes|deletes|changes)\b/i,
  // To things of a project: `create a ticket`, `change the code`.
  /\b(?:add|chang|creat|open|mak|build|updat|mend|fix|mov)\w* (?:[\w-]+ ){0,3}(?:code|files?|folders?|director(?:y|ies)|branch|tests?|scripts?|docs|pages?|repo\w*|config\w*|issues?|tickets?|pull requests?|events?|reminders?|records?|tables?)\b/i,
  // Somewhere: `save it in the file`, `to notes.md`.
  /\b(?:writ|sav|put|append|add|stor|insert|record|past|post|send|upload)\w*\b[^.\n]{0,80}\b(?:in|into|to|at|under|as) (?:(?:the|an?|my|our|your) )?(?:list|files?|repo\w*|wiki|database|db|table|channel|issues?|tickets?|folder|directory|notes|disk|clipboard|readme|changelog|e?mail)\b/i,
  /\w\.(?:md|mdx|txt|csv|tsx?|jsx?|py|go|rs|java|rb|php|sh|sql|html|css|json|ya?ml|toml|docx?|pdf)\b/i,
]

/** A line in front of what is quoted that says what it is: `Here is the diff:`, `Conversation:`. */
const label =
  /^[#*> ]*(?:here (?:is|are)\b|this is\b|the\b|git\b|staged\b|code\b|diffs?\b|changes\b|output\b|context\b|conversation\b|chat\b|messages\b|history\b|transcript\b)[^.?!\n]{0,60}:\W*$/i

/** Which product a text asks for, in its first sentences; null: none. */
export function productOf(text: string): string | null {
  const head = text.slice(0, headLength)
  return products.find(([, ...patterns]) => patterns.some((known) => known.test(head)))?.[0] ?? null
}

/** That the answer is to be the product and nothing else. */
export function asksOnlyThat(text: string): boolean {
  return onlyThat.test(text)
}

/** That the answer is to be the product and nothing else, or a few words. */
export function asksForLittle(text: string): boolean {
  return onlyThat.test(text) || shortness.test(text)
}

/** An order, or a role, for one product: it is asked for in the first sentence. */
export function isOrderForProduct(text: string): boolean {
  return orderOrRole.test(text) && productOf(firstSentence(text)) !== null
}

/** The same behind a role: `You are good at names. Generate a title for …`. */
export function isOrderBehindRole(text: string): boolean {
  return /^\W*you are\b/i.test(text) && isOrderForProduct(text.slice(firstSentence(text).length + 1).trim())
}

/** How surely instructions are for commit messages and nothing else; null: they are not. */
export function asksForCommitMessage(text: string): "certain" | "likely" | null {
  const wanted = /\bcommit messages?\b/i
  if (!wanted.test(text.slice(0, headLength))) return null
  return orderOrRole.test(text) && wanted.test(firstSentence(text)) ? "certain" : "likely"
}

function firstSentence(text: string): string {
  return /^[^.\n]*/.exec(text)?.[0] ?? ""
}

/** Something is to be done too. Between the first and last sentences are rules and samples. */
export function saysToAct(text: string): boolean {
  const said =
    text.length <= 2 * headLength ? text : `${text.slice(0, headLength)}\n${text.slice(-headLength)}`
  return deeds.some((deed) => deed.test(said))
}

/** Says nothing of its own about what it stands in front of. */
export function isLabel(text: string): boolean {
  return text === "" || (label.test(text) && !saysToAct(text))
}

/** Names the conversation that it stands in: `our conversation`, `the discussion`. */
export function namesThisConversation(text: string): boolean {
  return new RegExp(String.raw`\b${here}`, "i").test(text)
}

/** For a program that goes on with it later. */
export function isForLater(text: string): boolean {
  return /\b(?:as|for) (?:a )?(?:prompt|context|future)\b/i.test(text)
}

function pattern(...parts: readonly string[]): RegExp {
  return new RegExp(parts.join(""), "i")
}
