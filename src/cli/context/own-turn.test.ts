import { expect, it } from "vitest"
import { isInsideService } from "./own-turn.ts"

it.each([
  ["0::/system.slice/ai-agent-proxy.service\n", true],
  [
    "1:name=systemd:/user.slice/user-1000.slice/user@1000.service/app.slice/ai-agent-proxy.service\n0::/\n",
    true,
  ],
  ["0::/system.slice/ai-agent-proxy.service/agent\n", true],
  ["0::/user.slice/user-1000.slice/session-3.scope\n", false],
  ["0::/system.slice/my-ai-agent-proxy.service\n", false],
  ["0::/system.slice/agents-of-ann.service\n", true],
  ["", false],
])("a process whose control groups are %j is one of the service: %s", (cgroups, isInside) => {
  expect(isInsideService(cgroups, ["ai-agent-proxy.service", "agents-of-ann.service"])).toBe(isInside)
})
