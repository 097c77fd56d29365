/** What may be embedded in another program. Everything else is internal and may change. */
export type { Config, Limits } from "./config/config.ts"
export { ConfigError } from "./config/config.ts"
export { resolveConfig } from "./config/resolve-config.ts"
export { ProxyError } from "./domain/errors.ts"
export { type Service, startService } from "./service/service.ts"
export type { ServiceLog, ServiceOptions } from "./service/starting.ts"
