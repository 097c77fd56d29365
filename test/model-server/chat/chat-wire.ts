import { functionTools } from "../function-tools.ts"
import type { ModelWire } from "../model-wire.ts"
import { chatBodyOf } from "./read-chat.ts"
import { sendChat } from "./send-chat.ts"

/** `POST /v1/chat/completions`, as opencode and copilot call it. */
export const chatWire: ModelWire = { read: chatBodyOf, tools: functionTools, send: sendChat }
