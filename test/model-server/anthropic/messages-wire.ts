import type { ModelWire } from "../model-wire.ts"
import { claudeTools } from "./claude-tools.ts"
import { messagesBodyOf } from "./read-messages.ts"
import { sendMessage } from "./send-message.ts"

/** `POST /v1/messages`, as claude calls it. */
export const messagesWire: ModelWire = { read: messagesBodyOf, tools: claudeTools, send: sendMessage }
