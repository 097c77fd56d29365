import { describeAcpCli } from "./acp-cli.ts"

describeAcpCli("copilot")
