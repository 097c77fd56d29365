#!/usr/bin/env node
// Release 0.2.0 had a second name for its program. Old syntax: this file must run on any Node.
'use strict'

process.stderr.write('ai_agent_proxy: the program has one name now. Use: ai-agent-proxy ' + process.argv.slice(2, 3).join('') + '\n')
process.exit(2)
