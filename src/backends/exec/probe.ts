/** What a program understands beyond the documented exec form; told by its own help text, never assumed. */
export interface ExecFeatures {
  /** `--json`: events as JSON lines on stdout. False: stdout is the answer as plain text. */
  readonly printsJson: boolean
  /** `-` in place of the prompt: it is read from stdin. */
  readonly readsStdin: boolean
  /** `-c key=value` */
  readonly takesConfig: boolean
  /** `-m MODEL` */
  readonly takesModel: boolean
  /** `-i FILE` */
  readonly takesImages: boolean
  /** `--output-schema FILE` */
  readonly takesSchema: boolean
  /** `--ephemeral` */
  readonly takesEphemeral: boolean
}

/** A program that takes a prompt as its argument, and of which nothing else is known. */
export const plainFeatures: ExecFeatures = {
  printsJson: false,
  readsStdin: false,
  takesConfig: false,
  takesModel: false,
  takesImages: false,
  takesSchema: false,
  takesEphemeral: false,
}

/** Reads the help text of `exec`, or of `exec resume`. */
export function featuresOfHelp(help: string): ExecFeatures {
  const hasFlag = (name: string) => new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(help)
  return {
    printsJson: hasFlag("--json"),
    // A lone dash, and the word for what it means.
    readsStdin: hasFlag("-") && /\bstdin\b|standard input/i.test(help),
    takesConfig: hasFlag("-c") && hasFlag("--config"),
    takesModel: hasFlag("-m") && hasFlag("--model"),
    takesImages: hasFlag("-i") && hasFlag("--image"),
    takesSchema: hasFlag("--output-schema"),
    takesEphemeral: hasFlag("--ephemeral"),
  }
}

/** What works on a first turn and on a resumed one: old releases of codex take less behind `resume`. */
export function commonFeatures(fresh: ExecFeatures, resumed: ExecFeatures): ExecFeatures {
  return {
    ...fresh,
    readsStdin: fresh.readsStdin && resumed.readsStdin,
    takesConfig: fresh.takesConfig && resumed.takesConfig,
    takesModel: fresh.takesModel && resumed.takesModel,
    takesImages: fresh.takesImages && resumed.takesImages,
    takesSchema: fresh.takesSchema && resumed.takesSchema,
    // `--ephemeral` is for first turns only: what was not recorded cannot be resumed.
  }
}
