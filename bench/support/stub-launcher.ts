/**
 * The stub as an executable for `--cli`: a shell script, because the life of a `node` would be fifty times the millisecond
 * that an `exec` turn may cost. `appServer` null: it knows `exec` only.
 */
export function stubLauncher(node: string, appServer: string | null): string {
  const json = [
    { type: "thread.started", thread_id: "00000000-0000-7000-8000-000000000001" },
    { type: "turn.started" },
    { type: "item.completed", item: { id: "item_0", type: "agent_message", text: "A short answer." } },
    {
      type: "turn.completed",
      usage: { input_tokens: 20, cached_input_tokens: 0, output_tokens: 10, reasoning_output_tokens: 0 },
    },
  ]
  const lines = json.map((event) => `    printf '%s\\n' '${JSON.stringify(event)}'`).join("\n")
  const appServerCase = appServer === null ? "" : `  app-server) exec '${node}' '${appServer}' ;;\n`
  return `#!/bin/sh
case "$1" in
${appServerCase}  --version) echo 'codex-cli 0.169.0'; exit 0 ;;
  exec) ;;
  *) echo "error: unrecognized subcommand '$1'" >&2; exit 2 ;;
esac
json=0
for argument in "$@"; do
  case "$argument" in
    --help|-h) echo 'Usage: codex exec [resume] [--json] [--skip-git-repo-check] [PROMPT]'; exit 0 ;;
    --json) json=1 ;;
  esac
done
if [ "$argument" = - ]; then cat > /dev/null; fi
if [ $json = 1 ]; then
${lines}
else
    echo 'A short answer.'
fi
`
}
