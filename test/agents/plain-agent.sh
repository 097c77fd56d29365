#!/bin/sh
# An agent that knows codex's exec arguments and nothing else: the prompt is its last argument, the answer plain text on
# stdout. What it does stands in the last line of the prompt. RECORD names a file for its arguments (each ends with NUL,
# each call with \001), PIDS one for the pids of what it starts.

if [ -n "$RECORD" ]; then
  { for argument in "$@"; do printf '%s\0' "$argument"; done; printf '\001'; } >>"$RECORD"
fi

usage() {
  echo "usage: plain-agent exec [resume ID|--last] [flags] PROMPT" >&2
  exit 2
}

[ "$1" = exec ] || usage
shift
if [ "$1" = resume ]; then
  [ $# -ge 3 ] || usage
  shift 2
fi
while [ $# -gt 1 ]; do
  case $1 in
    --skip-git-repo-check | --dangerously-bypass-approvals-and-sandbox) shift ;;
    *) usage ;;
  esac
done
case $1 in
  --*) usage ;;
esac

prompt=$1
line=$(printf '%s\n' "$prompt" | tail -n 1)

started() {
  if [ -n "$PIDS" ]; then echo "$1" >>"$PIDS"; fi
}

case $line in
  "say "*) printf '%s\n' "${line#say }" ;;
  "count to "*)
    to=${line#count to }
    i=1
    while [ "$i" -le "$to" ]; do
      printf '%s ' "$i"
      sleep 0.02
      i=$((i + 1))
    done
    ;;
  recall) printf '%s\n' "$prompt" ;;
  "exit "*)
    echo "part of an answer"
    echo "the disk is full" >&2
    exit "${line#exit }"
    ;;
  die)
    echo "part of an answer"
    kill -9 $$
    ;;
  stubborn)
    # Ignores polite signals, and so do its children: one in its group, one in a session of its own, an orphan.
    trap '' INT TERM
    sleep 300 &
    started $!
    setsid sleep 300 &
    started $!
    (
      sleep 300 &
      started $!
    )
    started $$
    echo "at work"
    wait
    sleep 300
    ;;
  leave)
    sleep 300 &
    started $!
    echo "left something behind"
    ;;
  flood) yes "the same line again and again" ;;
  bytes)
    # A character in two writes, a byte that is no UTF-8, line ends at the end.
    printf 'gr\303'
    sleep 0.1
    printf '\274n \377 end\n\n\n'
    ;;
  nothing) ;;
  progress)
    echo "working" >&2
    echo "done"
    ;;
  cwd) pwd ;;
  "run "*) sh -c "${line#run }" ;;
  *) printf 'You said: %s\n' "$prompt" ;;
esac
