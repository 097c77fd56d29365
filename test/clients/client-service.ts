import { afterAll, afterEach, beforeAll, expect } from "vitest"
import type { Limits } from "../../src/config/config.ts"
import { startTestService, type TestService } from "../support/test-service.ts"
import { exchangeFaults } from "./exchange-faults.ts"
import { type Exchange, recordingFetch } from "./recording-fetch.ts"

/** The service as a client library meets it. */
export interface ClientService {
  readonly service: TestService
  /** With `/v1`. */
  readonly baseUrl: string
  /** To be given to the library: keeps what goes over the wire. */
  readonly fetch: typeof globalThis.fetch
  /** What this test sent and got so far. */
  exchanges(): Promise<readonly Exchange[]>
}

/**
 * A service for the tests of one `describe`; every body and every event stream of theirs is checked after each. `demo`: the
 * built-in demo agent answers in place of codex.
 */
export function useClientService(options: {
  readonly agent: "codex" | "demo"
  readonly modelName?: string
  readonly limits?: Partial<Limits>
}): ClientService {
  const recording = recordingFetch()
  let service: TestService | null = null
  const started = (): TestService => {
    if (service === null) throw new Error("The service is started before the first test.")
    return service
  }

  beforeAll(async () => {
    service = await startTestService({
      ...(options.modelName === undefined ? {} : { modelName: options.modelName }),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      ...(options.agent === "demo" && { cli: "/nonexistent/codex", demoFallback: true }),
    })
  })
  afterAll(() => service?.stop())
  afterEach(async () => {
    const exchanges = await recording.exchanges()
    recording.clear()
    service?.model.clearRequests()
    expect(exchanges.flatMap(exchangeFaults)).toEqual([])
  })

  return {
    get service() {
      return started()
    },
    get baseUrl() {
      return `${started().url}/v1`
    },
    fetch: recording.fetch,
    exchanges: recording.exchanges,
  }
}
