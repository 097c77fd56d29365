import { looseResponses } from "../common/loose-forms.ts"
import type { WireApi } from "../common/wire-api.ts"
import { responsesRoute } from "./described.ts"
import { withReferencedItems } from "./item-references.ts"
import { createResponsesEncoder, ItemTracker } from "./item-tracker.ts"
import { responsesParameters } from "./parameters.ts"
import { parseResponsesRequest } from "./request.ts"
import { toResponse } from "./resource.ts"

/** `POST /v1/responses` */
export const responsesApi: WireApi = {
  described: responsesRoute,
  parameters: responsesParameters,
  loosen: looseResponses,
  resolve: withReferencedItems,
  parse: parseResponsesRequest,
  fieldNames: { outputSchema: "text.format", previousResponseId: "previous_response_id" },
  createEncoder: (live, _request, serverLabel) => createResponsesEncoder(new ItemTracker(live, serverLabel)),
  toAnswer: toResponse,
  toFailedAnswer: toResponse,
}
