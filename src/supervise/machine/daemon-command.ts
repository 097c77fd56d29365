import type { ServiceSpec } from "./service-spec.ts"

/**
 * Options of Node that can only be given at its start. Two MB for V8's young generation in place of one: half as many
 * collections under a stream, so that less of what is in use for a moment is taken for old (docs/performance.md).
 */
export const nodeOptions = ["--min-semi-space-size=2"] as const

/** What a service manager starts: program and arguments. `flags` are those of `daemon`, without the ones of the spec. */
export function daemonCommand(spec: ServiceSpec, flags: readonly string[] = []): readonly string[] {
  return [spec.node, ...nodeOptions, spec.launcher, "daemon", ...flags, ...spec.flags]
}
