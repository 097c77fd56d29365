/** What is against the rules, and known: these lists only become shorter. */
export const notYet = {
  longFunctions: [],
  wideOptions: ["backends/exec/program.ts CommandParts: 11 fields"],
  strayPieces: [],
  namesTwice: [
    "answerText: domain/items.ts, http/server/large-answer.ts",
    "Schema: domain/map-schema.ts, engine/answer/schema-limits.ts",
    "jsonOrNull: cli/context/daemon-client.ts, storage/sqlite/records.ts",
    "failed: engine/turn/outcome.ts, http/turns/waiting-answer.ts",
    "targetOf: http/server/http-env.ts, backends/kit/functions/references.ts",
    "readContent: protocol/common/content.ts, protocol/responses/input-content.ts",
  ],
  moduleState: [
    "workspace/home/home-lock.ts held",
    "backends/kit/functions/handed-functions.ts fitted",
    "backends/kit/functions/handed-functions.ts fittedTexts",
  ],
  unwrapped: [],
  depth: 23,
  paramsOfBackends: ["backends/create-backend.ts: param"],
  wireWordsOfEngine: [],
}
