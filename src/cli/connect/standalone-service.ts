import { startService } from "../../service/service.ts"
import { HomeLockedError } from "../../workspace/home/home-lock.ts"
import { configOfHome } from "../context/home.ts"
import { UsageError } from "../io/exit-codes.ts"
import { createLogger } from "../io/logger.ts"

/** The service of this home in this process, on its socket only. Resolves with what ends it. */
export async function startStandaloneService(home: string): Promise<() => Promise<void>> {
  const config = configOfHome(home)
  // Its lines would run through the talk.
  const log = await createLogger(process.stderr, { AI_AGENT_PROXY_LOG_LEVEL: "error", ...process.env })
  const service = await startService({ config, log, env: process.env, isOnSocketOnly: true }).catch(
    (error: unknown) => {
      if (!(error instanceof HomeLockedError)) throw error
      throw new UsageError("The service is running already: talk to its agents without --standalone.")
    },
  )
  await service.managerReadiness
  return () => service.stop()
}
