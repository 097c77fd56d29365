import { describeAcpCli } from "./acp-cli.ts"

// It makes the first call of an answer before it has the second.
describeAcpCli("opencode", {}, ["callsAtOnce"])
