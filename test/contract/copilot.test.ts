import { describeAcpCli } from "./acp-cli.ts"

// Of thousands of deltas in a second it gives up some turns by itself (`cancelled`), whoever drives it.
describeAcpCli("copilot", {}, ["flood"])
