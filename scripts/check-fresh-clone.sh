#!/usr/bin/env bash
# A stranger's first minutes: a clean clone, the machine's own Node, an empty home, no agent CLI; `make debug`, then the two
# curl calls of the README. Prints what it saw; exits non-zero when something is not as the README says.
set -euo pipefail

source=$(cd "$(dirname "$0")/.." && pwd)
port=7011
box=$(mktemp -d)
make_pid=""
cleanup() {
  if [ -n "$make_pid" ] && kill -0 "$make_pid" 2>/dev/null; then
    kill -TERM -- "-$make_pid" 2>/dev/null || true
    wait "$make_pid" 2>/dev/null || true
  fi
  rm -rf "$box"
}
trap cleanup EXIT

if curl -s -o /dev/null "http://127.0.0.1:$port/health"; then
  echo "check-fresh-clone: skipped, something listens on port $port already"
  exit 0
fi
git clone -q "$source" "$box/clone"
mkdir "$box/home"
# Without the checkout's own programs: a stranger has neither its Node 24 nor its codex.
path=$(printf '%s' "$PATH" | tr ':' '\n' | grep -v node_modules | paste -sd:)
echo "check-fresh-clone: node $(PATH=$path node --version), npm $(PATH=$path npm --version 2>/dev/null)"

cd "$box/clone"
set -m
env PATH="$path" HOME="$box/home" make debug >"$box/log" 2>&1 &
make_pid=$!
set +m
for _ in $(seq 1200); do
  curl -s -o /dev/null "http://127.0.0.1:$port/ready" && break
  kill -0 "$make_pid" 2>/dev/null || { cat "$box/log"; exit 1; }
  sleep 0.5
done

grep '^DEMO: ' "$box/log"
# Files may come and go meanwhile.
size=$({ du -sm "$box/clone" 2>/dev/null || true; } | cut -f1)
[ "$size" -lt 500 ] || { echo "make debug has taken $size MB before its first answer"; exit 1; }
warnings=$(grep -ci 'warn' "$box/log" || true)
[ "$warnings" -lt 5 ] || { cat "$box/log"; echo "make debug has printed $warnings lines of warnings"; exit 1; }
calls=$(awk '/^```$/ { inside = !inside; if (!inside && block ~ /^curl /) printf "%s\n", block; block = ""; next } inside { block = block $0 "\n" }' README.md)
bash -c "$calls" >"$box/answers" 2>/dev/null
grep -q '"object":"chat.completion"' "$box/answers"
grep -q 'event: response.output_text.delta' "$box/answers"
grep -q 'data: \[DONE\]' "$box/answers"
curl -sf "http://127.0.0.1:$port/" >"$box/page"
grep -q 'ai-agent-proxy' "$box/page"
kill -TERM -- "-$make_pid"
wait "$make_pid" || true
make_pid=""

# The installed command, under the machine's own Node: the launcher finds the checkout's.
env PATH="$path" HOME="$box/home" make install PREFIX="$box/prefix" >>"$box/log" 2>&1
installed=$(env PATH="$path" "$box/prefix/bin/ai-agent-proxy" --version)
wanted=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
[ "$installed" = "$wanted" ] || { echo "the installed command says '$installed', not '$wanted'"; exit 1; }

echo "check-fresh-clone: $size MB, $warnings warnings; make debug, both curl calls and the status page are as the README says; make install works"
