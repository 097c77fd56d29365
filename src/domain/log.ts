export type LogLevel = "debug" | "info" | "warn" | "error"

/** Where parts of the service write to. Fields never hold prompts, answers or keys. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void
