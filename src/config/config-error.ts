/** A setting that cannot be used. The command line prints the message and exits with 78 (EX_CONFIG). */
export class ConfigError extends Error {
  /** Where the value came from: a flag, an environment variable, or `path:line` of a file. */
  readonly source: string
  /** The setting's key in `config.toml`, e.g. `limits.body_bytes`; null when the whole file is at fault. */
  readonly key: string | null

  /** `problem` says what is wrong and what would be right; the source is put in front. */
  constructor(source: string, key: string | null, problem: string, cause?: unknown) {
    super(`${source}: ${problem}`, cause === undefined ? undefined : { cause })
    this.name = "ConfigError"
    this.source = source
    this.key = key
  }
}
