import type { Backend } from "../../domain/backend.ts"

export function createDemoBackend(): Backend {
  throw new Error("not yet")
}
