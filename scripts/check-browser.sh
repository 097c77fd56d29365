#!/bin/sh
# The page tests drive a real Chromium. Where it is missing and can be installed, it is; elsewhere they skip and say so.
set -u
for browser in "${CHROMIUM_PATH:-}" /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome; do
  [ -n "$browser" ] && [ -x "$browser" ] && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing chromium for the page tests ..."
  apt-get update -q >/dev/null 2>&1
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q chromium >/dev/null 2>&1 && exit 0
fi
echo "No chromium here: the page tests will be skipped. Install it, or set CHROMIUM_PATH."
exit 0
