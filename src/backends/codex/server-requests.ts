import type { RequestId } from "../rpc-client.ts"
import type { AppServer } from "./app-server.ts"

/**
 * Answers what codex may ask besides calls of the client's functions. With approval policy `never` none of it should
 * come; an unanswered request would make its turn hang, so everything gets a "no".
 */
export function declineRequest(server: AppServer, id: RequestId, method: string): void {
  switch (method) {
    case "item/commandExecution/requestApproval":
    case "item/fileChange/requestApproval":
      server.respond(id, { decision: "decline" })
      break
    case "applyPatchApproval":
    case "execCommandApproval":
      server.respond(id, { decision: { denied: { rejection: "Nobody is there to approve." } } })
      break
    case "item/permissions/requestApproval":
      server.respond(id, { permissions: {}, scope: "turn" })
      break
    case "item/tool/requestUserInput":
      server.respond(id, { answers: {} })
      break
    case "mcpServer/elicitation/request":
      server.respond(id, { action: "decline", content: null, _meta: null })
      break
    case "currentTime/read":
      server.respond(id, { currentTimeAt: Math.floor(Date.now() / 1_000) })
      break
    default:
      server.refuse(id, -32_601, `${method} is not served by this client`)
  }
}
