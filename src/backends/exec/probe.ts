import path from "node:path"
import { ask, outputOf, type ProbeOptions } from "../kit/process/probe.ts"
import { commonFeatures, type ExecProfile, featuresOfHelp, plainFeatures } from "./features.ts"

/** The first two questions of `probeExecutable`, for what is driven by exec anyway. */
export function probeExec(file: string, options: ProbeOptions): Promise<ExecProfile> {
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
  return options.memory.recall("exec", file, askAll, (profile) => profile.isSilent === true)
}

/** A notice may stand in front of it. */
function versionLineOf(printed: string): string {
  const ofCodex = /\bcodex(?:-cli)? \d+\.\d+\.\d+\S*/.exec(printed)?.[0]
  return ofCodex ?? printed.trim().split("\n")[0]?.trim() ?? ""
}
