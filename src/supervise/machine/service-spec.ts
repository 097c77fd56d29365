import { z } from "zod"

/** What a definition (systemd unit, launchd plist) is made from, and what is read back from it. */
const specSchema = z.object({
  /** Of the program that wrote it. */
  version: z.string(),
  /** Login name that the service runs as. */
  user: z.string(),
  /** Absolute paths of Node and of our launcher. */
  node: z.string(),
  launcher: z.string(),
  /** Flags of `daemon`; never secrets. */
  flags: z.array(z.string()),
  /** The user's home directory. */
  homeDir: z.string(),
  /** The service's own home, with its ledger and keys. */
  home: z.string(),
  /** How long a stop may take before what is left is killed. */
  stopSeconds: z.number(),
})

export type ServiceSpec = z.infer<typeof specSchema>

/** The variables of the service: PATH, log-ins, settings. */
export function environmentFileOf(home: string): string {
  return `${home}/service.env`
}

/** The key that clients must send. */
export function secretsFileOf(home: string): string {
  return `${home}/secrets`
}

/** One line; the definitions carry it where the service manager does not look. */
export function formatSpec(spec: ServiceSpec): string {
  return JSON.stringify(spec)
}

/** Null: this is not a spec of ours. */
export function parseSpec(text: string): ServiceSpec | null {
  try {
    return specSchema.parse(JSON.parse(text))
  } catch {
    // Edited by hand or cut off; to be written anew.
    return null
  }
}

/**
 * Options of Node that can only be given at its start. Two MB for V8's young generation in place of
 * one: half as many collections under a stream, so that less of what is in use for a moment is
 * taken for old (docs/performance.md).
 */
export const nodeOptions = ["--min-semi-space-size=2"] as const

/** What a service manager starts. `flags` are those of `daemon`, without the ones of the spec. */
export function daemonArguments(spec: ServiceSpec, flags: readonly string[] = []): readonly string[] {
  return [spec.node, ...nodeOptions, spec.launcher, "daemon", ...flags, ...spec.flags]
}
