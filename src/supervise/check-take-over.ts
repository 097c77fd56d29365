import { takenOverBefore } from "../workspace/taken-over-record.ts"
import { type HealthCheck, ok, warning } from "./health-check.ts"

/** What was taken over of release 0.2.0, and what of it a person has to see to; empty where the home never was one of it. */
export async function checkTakeOver(home: string): Promise<readonly HealthCheck[]> {
  const record = await takenOverBefore(home)
  if (record === null) return []
  return [
    ok("from 0.2.0", `${record.agents.join(", ") || "no agent"} came along; see docs/from-0.2.0.md`),
    ...record.left.map(({ folder, why }) =>
      warning(
        "from 0.2.0",
        `${folder}: ${why}`,
        "rename the folder, or leave it: the service does not touch it",
      ),
    ),
  ]
}
