/** One block of an event stream. */
export interface SseFrame {
  /** The `event:` line; null: there was none. */
  readonly event: string | null
  readonly data: string
}

export interface SseText {
  readonly frames: readonly SseFrame[]
  /** Lines that no stream of this service may have, and an end in the middle of a block. */
  readonly faults: readonly string[]
}

/** Takes a whole event stream apart. Comments (keep-alive) are left out. */
export function readSse(text: string): SseText {
  const faults: string[] = []
  const frames: SseFrame[] = []
  const blocks = text.split("\n\n")
  const rest = blocks.pop()
  if (rest !== "") faults.push(`the stream ends inside a block: ${JSON.stringify(rest?.slice(-80))}`)
  for (const block of blocks) {
    let event: string | null = null
    const data: string[] = []
    for (const line of block.split("\n")) {
      if (line === "" || line.startsWith(":")) continue
      if (line.startsWith("event: ")) event = line.slice("event: ".length)
      else if (line.startsWith("data: ")) data.push(line.slice("data: ".length))
      else faults.push(`a line that does not belong there: ${JSON.stringify(line.slice(0, 80))}`)
    }
    if (data.length > 0) frames.push({ event, data: data.join("\n") })
    else if (event !== null) faults.push(`the event ${event} has no data`)
  }
  return { frames, faults }
}
