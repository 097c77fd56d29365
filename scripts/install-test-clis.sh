#!/bin/sh
# The contract suite drives real agent CLIs. They are large, so they live in a folder and a lockfile of their own; where they
# cannot be installed the suites that need them are skipped and say so.
set -u
cd "$(dirname "$0")/../test/clis" || exit 1
wanted=$(cat package.json package-lock.json | cksum)
[ "$(cat node_modules/.installed 2>/dev/null)" = "$wanted" ] && exit 0
echo "Installing the agent CLIs for the contract suite ..."
# Not `npm ci`: it refuses a lockfile without the packages of other platforms, which not every registry has.
if npm install --no-save --no-audit --no-fund; then
  echo "$wanted" >node_modules/.installed
else
  echo "The agent CLIs of test/clis cannot be installed here: their contract suites will be skipped."
fi
exit 0
