import { expect, it } from "vitest"
import { patientProvider } from "./thread-requests.ts"

const patient = { model_providers: { mine: { stream_idle_timeout_ms: 5 } } }

it.each([
  ["a provider of the person's", { model_provider: "mine", model_providers: { mine: {} } }, patient],
  [
    "one that has no limit set",
    { model_provider: "mine", model_providers: { mine: { stream_idle_timeout_ms: null } } },
    patient,
  ],
  [
    "one whose limit is set",
    { model_provider: "mine", model_providers: { mine: { stream_idle_timeout_ms: 7 } } },
    {},
  ],
  ["codex's own, which cannot be changed", { model_provider: "openai", model_providers: { openai: {} } }, {}],
  ["none", {}, {}],
  ["one that is not there", { model_provider: "mine" }, {}],
])("has codex wait for the model of %s", (_title, config, expected) => {
  expect(patientProvider(config, 5)).toEqual(expected)
})
