/** The last line of every stream of ours; Open Responses asks for it, and chat clients wait for it. */
export const doneSse = "data: [DONE]\n\n"

/** An event with a name, as the Responses API sends them. Data is JSON text, which has no line breaks. */
export function namedSse(type: string, json: string): string {
  return `event: ${type}\ndata: ${json}\n\n`
}

/** An event without a name, as chat completions send them. */
export function plainSse(json: string): string {
  return `data: ${json}\n\n`
}
