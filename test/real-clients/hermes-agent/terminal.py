"""terminal.py LINES COMMAND...: runs a program in a terminal, and types into it.

LINES is JSON: [[TEXT, WORDS], ...]. Each text is typed once the words before it have been written behind the text before, the first
at once the program waits. What the program writes is printed without colours; it runs on until it is ended from outside.
"""

import json
import os
import pty
import re
import select
import sys
import time

lines = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.environ.update(TERM="xterm", COLUMNS="120", LINES="40")
    os.execvp(sys.argv[2], sys.argv[2:])

written = ""
awaited = "❯"
quiet_since = time.monotonic()
while True:
    ready, _, _ = select.select([terminal], [], [], 0.2)
    if ready:
        try:
            piece = os.read(terminal, 65536).decode("utf-8", "replace")
        except OSError:
            break
        if piece == "":
            break
        plain = re.sub(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])", "", piece)
        sys.stdout.write(plain)
        sys.stdout.flush()
        written += plain
        quiet_since = time.monotonic()
    # A line that is typed while an answer is still written would break it off.
    elif lines and awaited in written and time.monotonic() - quiet_since > 1:
        text, awaited = lines.pop(0)
        written = ""
        os.write(terminal, text.encode())
        time.sleep(0.3)
        os.write(terminal, b"\r")
