import type { Exchange } from "../../domain/exchanges.ts"

/** Of how many messages in a row an answer is looked for that is one of several in a run. */
const maxMessages = 8

/** Messages of an assistant's in a row: an exchange, of which a part may be an answer of ours. */
export interface Run {
  /** Of the exchange. */
  readonly index: number
  readonly length: number
  /** The exchange that these of its messages are: from the `from`th on, before the `to`th. */
  readonly part: (from: number, to: number) => Exchange | null
}

/**
 * The exchanges with each run split into what is known of it and what is not: others speak behind
 * an answer of ours (a group chat, a program's remark), or two of ours follow each other. `knownOf`
 * tells which of these marks some turn has. Null: nothing is split.
 */
export async function splitRuns(
  exchanges: readonly Exchange[],
  runs: readonly Run[],
  knownOf: (marks: readonly string[]) => Promise<(mark: string) => boolean>,
): Promise<readonly Exchange[] | null> {
  if (runs.length === 0) return null
  const runAt = new Map(runs.map((run) => [run.index, run]))
  const parts = new Map(runs.map((run) => [run.index, partsOf(run)]))
  const asked = [...parts.values()].flat().flatMap(({ exchange }) => exchange.said)
  const isKnown = await knownOf([...asked, ...runs.flatMap(({ index }) => exchanges[index]?.said ?? [])])
  const split = exchanges.flatMap((exchange, index) => {
    const run = runAt.get(index)
    return run === undefined || exchange.said.some(isKnown)
      ? [exchange]
      : splitRun(
          exchange,
          run,
          (parts.get(index) ?? []).filter((part) => part.exchange.said.some(isKnown)),
        )
  })
  return split.length === exchanges.length ? null : split
}

interface Part {
  readonly from: number
  readonly to: number
  readonly exchange: Exchange
}

function partsOf({ length, part }: Run): readonly Part[] {
  const parts: Part[] = []
  for (let from = 0; from < length; from += 1) {
    for (let to = Math.min(length, from + maxMessages); to > from; to -= 1) {
      const exchange = part(from, to)
      if (exchange !== null) parts.push({ from, to, exchange })
    }
  }
  return parts
}

/** `known`: the longest first of those that begin alike. */
function splitRun(whole: Exchange, { length, part }: Run, known: readonly Part[]): readonly Exchange[] {
  const split: (Exchange | null)[] = []
  let foreignFrom = 0
  for (let from = 0; from < length; ) {
    const next = known.find((one) => one.from === from)
    if (next !== undefined) {
      if (from > foreignFrom) split.push(part(foreignFrom, from))
      split.push(next.exchange)
      foreignFrom = next.to
    }
    from = next?.to ?? from + 1
  }
  if (length > foreignFrom && foreignFrom > 0) split.push(part(foreignFrom, length))
  const found = split.filter((exchange) => exchange !== null)
  return found.length < 2
    ? [whole]
    : found.map((exchange, index) =>
        index === found.length - 1 ? { ...exchange, end: whole.end } : exchange,
      )
}
