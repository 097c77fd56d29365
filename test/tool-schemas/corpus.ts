import { byHand } from "./by-hand.ts"
import { shapes } from "./shapes.ts"
import { styles, written } from "./writers.ts"

/** A function's schema as a library or a person writes it, and arguments that are valid. */
export interface CorpusEntry {
  readonly name: string
  readonly parameters: Readonly<Record<string, unknown>>
  readonly sample: Readonly<Record<string, unknown>>
}

/** Every declaration as every library writes it, and what people write by hand. */
export const corpus: readonly CorpusEntry[] = [
  ...Object.keys(styles).flatMap((style) =>
    shapes.map(({ name, root, sample }) => ({
      name: `${style}_${name}`,
      parameters: written(style, root),
      sample,
    })),
  ),
  ...byHand,
]
