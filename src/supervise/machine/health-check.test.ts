import { expect, it } from "vitest"
import { failure, ok, warning } from "./health-check.ts"

it("quotes a model or a program without what a terminal would obey", () => {
  const said = "it answered: \u001b]0;title\u0007ready\u001b[2J"
  for (const { message } of [
    ok("turn", said),
    warning("turn", said, "Look."),
    failure("turn", said, "Look."),
  ]) {
    expect(message).toBe("it answered: ready")
  }
})
