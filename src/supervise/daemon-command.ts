import { setFlagsFromString } from "node:v8"
import type { ServiceSpec } from "./service-spec.ts"

/**
 * Options of Node that can only be given at its start. V8's young generation begins with two MB, and may become four where many
 * turns run: what is in use for a moment is not taken for old (docs/performance.md).
 */
export const nodeOptions = ["--min-semi-space-size=2", "--max-semi-space-size=4"] as const

/**
 * To be called when the service is up. Its start would let the young generation grow for what is there only once, so the launcher holds it; in a
 * process that was started without its bound it stays as it is.
 */
export function letYoungGenerationGrow(): void {
  if (process.execArgv.includes(nodeOptions[1])) setFlagsFromString("--semi-space-growth-factor=2")
}

/** What a service manager starts: program and arguments. `flags` are those of `daemon`, without the ones of the spec. */
export function daemonCommand(spec: ServiceSpec, flags: readonly string[] = []): readonly string[] {
  return [spec.node, ...nodeOptions, spec.launcher, "daemon", ...flags, ...spec.flags]
}
