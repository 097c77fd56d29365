import { functionTools } from "../function-tools.ts"
import type { ModelWire } from "../model-wire.ts"
import { geminiBodyOf } from "./read-gemini.ts"
import { sendGemini } from "./send-gemini.ts"

/** `POST /v1beta/models/MODEL:streamGenerateContent`, as gemini calls it. */
export const geminiWire: ModelWire = {
  read: geminiBodyOf,
  tools: functionTools,
  send: (response, answer) => sendGemini(response, answer, true),
}

/** `POST /v1beta/models/MODEL:generateContent`. */
export const geminiWholeWire: ModelWire = {
  ...geminiWire,
  send: (response, answer) => sendGemini(response, answer, false),
}
