import { describeAcpCli } from "./acp-cli.ts"

// It tries a request again for minutes when the model server is at fault; a turn's deadline is what ends that.
// It makes the first call of an answer before it has the second.
describeAcpCli("opencode", { tellsStatus: false, toldFailures: [400, 401] }, ["callsAtOnce"])
