import { describeAcpCli } from "./acp-cli.ts"

// It tries a request again for minutes when the model server is at fault; a turn's deadline is what ends that.
describeAcpCli("opencode", { tellsStatus: false, toldFailures: [400, 401] })
