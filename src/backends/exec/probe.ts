import path from "node:path"
import { ask, outputOf, type ProbeOptions, sharedMemory } from "../kit/process/probe.ts"

/** What a program is when it is driven by exec's arguments. */
export interface ExecProfile {
  /** Name, with the version where it is known: `codex-cli 0.169.0`, `my-agent.sh`. */
  readonly program: string
  readonly version: string | null
  /** OpenAI's codex: its other subcommands may be used. */
  readonly isCodex: boolean
  readonly features: ExecFeatures
  /** What it printed when it was asked for the help of `exec` and ended with an error; null: it did not. */
  readonly refusal: string | null
  /** It did not answer in time: it may be another program when this machine is less busy. */
  readonly isSilent?: true
}

/** The first two questions of `probeExecutable` only, for programs that are to be driven by exec anyway. */
export function probeExec(file: string, options: ProbeOptions): Promise<ExecProfile> {
  const memory = options.memory ?? sharedMemory
  const askAll = async (): Promise<ExecProfile> => {
    const asked = await ask(file, ["exec", "--help"], options)
    const help = outputOf(asked)
    const refusal = help === null && !asked.isTimeout ? asked.output.trim() : null
    const fresh = help === null ? plainFeatures : featuresOfHelp(help)
    const name = path.basename(file)
    if (!fresh.printsJson) {
      const silent = asked.isTimeout ? ({ isSilent: true } as const) : {}
      return { program: name, version: null, isCodex: false, features: fresh, refusal, ...silent }
    }
    const resumeHelp = outputOf(await ask(file, ["exec", "resume", "--help"], options))
    const versionLine = versionLineOf(outputOf(await ask(file, ["--version"], options)) ?? "")
    const version = /\d+\.\d+(?:\.\d+\S*)?/.exec(versionLine)?.[0] ?? null
    return {
      program: version === null ? name : versionLine.slice(0, 80),
      version,
      isCodex: /^codex(?:-cli)?\s/.test(versionLine),
      features: resumeHelp === null ? fresh : commonFeatures(fresh, featuresOfHelp(resumeHelp)),
      refusal,
    }
  }
  return memory.recall("exec", file, askAll, (profile) => profile.isSilent === true)
}

/** A notice may stand in front of it. */
function versionLineOf(printed: string): string {
  const ofCodex = /\bcodex(?:-cli)? \d+\.\d+\.\d+\S*/.exec(printed)?.[0]
  return ofCodex ?? printed.trim().split("\n")[0]?.trim() ?? ""
}

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
function commonFeatures(fresh: ExecFeatures, resumed: ExecFeatures): ExecFeatures {
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
