import type { TurnRequest } from "../domain/turn-request.ts"

/** In place of the agent's memory and role, which are none of a side request's business. */
export const sideRequestInstructions =
  "A chat program asks you for a text about a conversation that is not yours (a title, tags, suggestions, a summary). Answer " +
  "at once, from what the message holds, in the form that it asks for. Use no tools, run nothing, write no file and " +
  "remember nothing."

/**
 * A side request as it is run: on a throw-away thread of its own, whatever it says about conversations and storage, and
 * without functions. Only a front end that wants its answer as a function call keeps them.
 */
export function detached<Request extends Omit<TurnRequest, "input">>(request: Request): Request {
  const keepsTools = request.functionChoice.isRequired
  return {
    ...request,
    tools: keepsTools ? request.tools : [],
    functionChoice: keepsTools ? request.functionChoice : { allowed: null, isRequired: false },
    previousResponseId: null,
    conversationId: null,
    sessionKey: null,
    resendsHistory: false,
    keepsThread: false,
    isStored: false,
    isBackground: false,
  }
}
