import { describe, expect, it } from "vitest"
import type { Member } from "./agent.ts"
import { agentFor, agentNamed } from "./find-agent.ts"

/** Only what names are compared with. */
const members = ["manager", "engineer_alice", "engineer_bob", "reviewer_gemma2"].map((id) => ({
  id,
  name: id.split("_")[1] ?? id,
})) as unknown as Member[]

const chosen = (model: string): string => agentFor(members, model, "manager").id

describe("the agent that a model names", () => {
  it.each([
    ["engineer_alice", "engineer_alice"],
    ["alice", "engineer_alice"],
    ["manager", "manager"],
    ["managr", "manager"],
    ["gpt-4o", "manager"],
    ["gpt-5.5", "manager"],
    ["claude-sonnet-5", "manager"],
    ["gemma", "manager"],
    ["gemma3", "manager"],
    ["o3", "manager"],
    ["bo", "manager"],
    ["rob", "manager"],
    ["malice", "manager"],
    ["", "manager"],
  ])("of %j is %s", (model, id) => {
    expect(chosen(model)).toBe(id)
  })

  it.each([
    ["engineer_alise", "engineer_alice"],
    ["enginer_alice", "engineer_alice"],
    ["Engineer_Alice", "engineer_alice"],
    ["engineer-alice", "engineer_alice"],
    ["engineer_bop", "engineer_bob"],
    ["alise", "alice"],
    ["Alice", "alice"],
  ])("is a 404 for %j, which says that %s may be meant and who there is", (model, meant) => {
    const message = `There is no agent '${model}'. Did you mean '${meant}'? There are manager, engineer_alice, engineer_bob, reviewer_gemma2.`
    expect(() => chosen(model)).toThrow(
      expect.objectContaining({ code: "model_not_found", param: "model", message }),
    )
  })

  it("is a 404 for every other name where models are to be agents", () => {
    expect(() => agentFor(members, "gpt-4o", "error")).toThrow(
      expect.objectContaining({ code: "model_not_found" }),
    )
    expect(agentNamed(members, "alise")).toBeNull()
  })
})
