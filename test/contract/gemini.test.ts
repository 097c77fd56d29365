import { describeAcpCli } from "./acp-cli.ts"

describeAcpCli("gemini", { tellsOutput: false, survivesKill: false })
