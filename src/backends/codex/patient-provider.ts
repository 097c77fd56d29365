import type { OwnConfig } from "./protocol.ts"

type Params = Readonly<Record<string, unknown>>

/** They are codex's own, and it refuses a configuration that changes them. */
const builtIn: ReadonlySet<string> = new Set(["openai", "ollama", "lmstudio", "amazon-bedrock"])

/**
 * Configuration of a thread that has codex wait longer for a model which thinks without a sign: after 300 s it gives up and asks
 * anew otherwise. Our own clock (`limits.silence_ms`) ends what is silent for too long, and says so. Empty where the person has
 * set the limit, and for codex's built-in providers.
 */
export function patientProvider(config: OwnConfig, streamIdleMs: number): Params {
  const name = config.model_provider ?? "openai"
  const provider = config.model_providers?.[name]
  if (provider === undefined || builtIn.has(name) || provider.stream_idle_timeout_ms != null) return {}
  return { model_providers: { [name]: { stream_idle_timeout_ms: streamIdleMs } } }
}
