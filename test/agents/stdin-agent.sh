#!/bin/sh
# The plain-text agent, and it reads the prompt from stdin where it is `-`. It has a help text that says so. RECORD and
# the rest as in plain-agent.sh; the prompt that came by stdin goes to the file RECORD.stdin.

if [ "$1 $2" = "exec --help" ]; then
  echo "usage: stdin-agent exec [resume ID|--last] PROMPT"
  echo "  PROMPT  what to do; - reads it from stdin"
  exit 0
fi

last=
for argument in "$@"; do last=$argument; done
if [ "$last" != - ]; then exec "$(dirname "$0")/plain-agent.sh" "$@"; fi

if [ -n "$RECORD" ]; then
  { for argument in "$@"; do printf '%s\0' "$argument"; done; printf '\001'; } >>"$RECORD"
  cat >"$RECORD.stdin"
  echo "$(wc -c <"$RECORD.stdin" | tr -d ' ') bytes"
else
  echo "$(wc -c | tr -d ' ') bytes"
fi
