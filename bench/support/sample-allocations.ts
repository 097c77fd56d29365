/** Preloaded into a service (`--import`): what it allocates, by site, is written to `ALLOCATIONS_FILE` when it ends. */
import { writeFileSync } from "node:fs"
import { Session } from "node:inspector"

const session = new Session()
session.connect()
session.post("HeapProfiler.startSampling", {
  samplingInterval: 8192,
  // What is gone by the end is what is asked for.
  includeObjectsCollectedByMajorGC: true,
  includeObjectsCollectedByMinorGC: true,
})
process.once("exit", () => {
  session.post("HeapProfiler.stopSampling", (error, result) => {
    const file = process.env.ALLOCATIONS_FILE
    if (error === null && file !== undefined) writeFileSync(file, JSON.stringify(result.profile))
  })
})
