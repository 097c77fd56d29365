/** What a program is when it is driven by exec's arguments. */
export interface ExecProfile {
  /** Name, with the version where it is known: `codex-cli 0.169.0`, `my-agent.sh`. */
  readonly program: string
  readonly version: string | null
  /** OpenAI's codex: its other subcommands may be used. */
  readonly isCodex: boolean
  readonly features: ExecFeatures
  /** What it printed when it ended the help of `exec` with an error; null: it did not. */
  readonly refusal: string | null
  /** It did not answer in time: it may be another program when this machine is less busy. */
  readonly isSilent?: true
}

/** What its own help text names beyond the documented exec form; never assumed. */
const flags = {
  /** Events as JSON lines on stdout. Without it stdout is the answer as plain text. */
  printsJson: ["--json"],
  takesConfig: ["-c", "--config"],
  takesModel: ["-m", "--model"],
  takesImages: ["-i", "--image"],
  takesSchema: ["--output-schema"],
  takesEphemeral: ["--ephemeral"],
} as const

type Feature = keyof typeof flags | "readsStdin"
export type ExecFeatures = Readonly<Record<Feature, boolean>>

/** Of first turns only: what was not recorded (`--ephemeral`) cannot be resumed. */
const ofFirstTurns: ReadonlySet<string> = new Set<Feature>(["printsJson", "takesEphemeral"])

/** Of what a turn may bring. */
export function whatIsServed({ features }: ExecProfile) {
  const { printsJson, takesImages, takesSchema } = features
  return { acceptsImages: printsJson && takesImages, hasOutputSchema: takesSchema }
}

/** Reads the help text of `exec`, or of `exec resume`. */
export function featuresOfHelp(help: string): ExecFeatures {
  const hasFlag = (name: string) => new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(help)
  const known = Object.entries(flags).map(([feature, names]) => [feature, names.every(hasFlag)])
  return {
    ...(Object.fromEntries(known) as Record<keyof typeof flags, boolean>), // one for each of `flags`
    // A lone dash in place of the prompt, and the word for what it means.
    readsStdin: hasFlag("-") && /\bstdin\b|standard input/i.test(help),
  }
}

/** A program that takes a prompt as its argument, and of which nothing else is known. */
export const plainFeatures: ExecFeatures = featuresOfHelp("")

/** What first and resumed turns both take: old releases of codex take less behind `resume`. */
export function commonFeatures(fresh: ExecFeatures, resumed: ExecFeatures): ExecFeatures {
  const both = Object.entries(fresh).map(([feature, isTaken]) => [
    feature,
    isTaken && (ofFirstTurns.has(feature) || resumed[feature as Feature]),
  ])
  return Object.fromEntries(both) as ExecFeatures // the same features
}
