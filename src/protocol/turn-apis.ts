import { chatApi } from "./chat/api.ts"
import type { WireApi } from "./common/wire-api.ts"
import { responsesApi } from "./responses/api.ts"

/** The protocols of turns: all that is served, documented and tested as one is in this list. */
export const turnApis: readonly WireApi[] = [responsesApi, chatApi]
