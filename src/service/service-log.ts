/** The part of a pino logger that the service writes to. Fields never hold prompts, answers or keys. */
export interface ServiceLog {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
