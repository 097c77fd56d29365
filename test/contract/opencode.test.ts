import { describeAcpCli } from "./acp-cli.ts"

describeAcpCli("opencode")
