import { describeAcpCli } from "./acp-cli.ts"

// It makes the calls of one answer one after the other.
describeAcpCli("gemini", { tellsOutput: false, losesThreads: true }, ["callsAtOnce"])
