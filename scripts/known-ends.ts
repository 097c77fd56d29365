import { acpReasons } from "../src/backends/acp/errors.ts"
import { claudeReasons, knownErrors } from "../src/backends/claude/errors.ts"
import { codexReasons, knownInfos } from "../src/backends/codex/errors.ts"
import type { CutReason } from "../src/backends/kit/turn/model-failure.ts"
import type { ErrorCode } from "../src/domain/errors.ts"

/** What the end of a turn is for the engine: a whole answer, one that the model has cut, or a failure. */
export type EndMeaning = "answer" | "interrupted" | CutReason | ErrorCode

/** One way in which a CLI ends a turn. */
export interface KnownEnd {
  readonly cli: string
  /** In the CLI's own words, or what it does in place of words. */
  readonly told: string
  readonly meaning: EndMeaning
}

/** Every way that we know, out of the tables by which the backends read them: `docs/ends.md` is made of it. */
export const knownEnds: readonly KnownEnd[] = [
  ...ends("codex", {
    "`turn/completed` with the status `completed`": "answer",
    "the same behind a message that has begun and never ended: a refusal": "content_filter",
    "the same behind nothing at all": "model_error",
    "the status `interrupted`, which nobody has asked for": "interrupted",
    "the status `failed` without a reason": "backend_error",
    "its process ends": "backend_died",
  }),
  ...ends(
    "codex",
    named(codexReasons, (reason) => `\`response.incomplete\` of the model: \`${reason}\``),
  ),
  ...ends(
    "codex",
    named(
      Object.fromEntries(Object.entries(knownInfos).map(([word, [code]]) => [word, code])),
      (word) => `\`codexErrorInfo\`: \`${word}\``,
    ),
  ),
  ...ends("codex exec", {
    "`turn.completed`": "answer",
    "`turn.completed` behind nothing at all: a refusal, perhaps": "model_error",
    "`turn.failed`, another reason": "model_error",
    "no end before its process ends": "backend_error",
    "its process is killed": "backend_died",
  }),
  ...ends(
    "codex exec",
    named(codexReasons, (reason) => `\`turn.failed\`: \`${reason}\``),
  ),
  ...ends("claude", {
    "result `success`": "answer",
    "`success` without a word or deed of the model: a hook of the person's settings": "backend_error",
    "`success` without anything at all": "model_error",
    "`error_max_structured_output_retries`": "answer_format_mismatch",
    "`error_during_execution`, `error_max_turns` and others": "backend_error",
    "`terminal_reason`: `prompt_too_long`": "context_length_exceeded",
    "its process ends": "backend_died",
  }),
  ...ends(
    "claude",
    named(claudeReasons, (reason) => `an error behind the model's stop reason \`${reason}\``),
  ),
  ...ends(
    "claude",
    named(knownErrors, (error) => `an error named \`${error}\``),
  ),
  ...ends(
    "ACP: gemini, opencode, copilot, qwen and others",
    named(
      Object.fromEntries(Object.entries(acpReasons).map(([reason, cut]) => [reason, cut ?? "answer"])),
      (reason) => `stop reason \`${reason}\``,
    ),
  ),
  ...ends("ACP: gemini, opencode, copilot, qwen and others", {
    "`end_turn` without an answer and without tokens": "model_error",
    "`max_turn_requests`; at gemini and qwen mostly an answer taken for a loop": "backend_error",
    "`cancelled`, which nobody has asked for": "backend_error",
    "an answer `Error: …` without tokens, or an error of the prompt": "model_error",
    "its process ends": "backend_died",
  }),
  ...ends("command, plain text", {
    "exit code 0": "answer",
    "exit code 0, and nothing printed": "model_error",
    "another exit code": "backend_error",
    "killed by a signal": "backend_died",
  }),
  ...ends("demo", { "it has done what it was asked for": "answer" }),
]

function ends(cli: string, meanings: Readonly<Record<string, EndMeaning>>): KnownEnd[] {
  return Object.entries(meanings).map(([told, meaning]) => ({ cli, told, meaning }))
}

function named(
  meanings: Readonly<Record<string, EndMeaning>>,
  tell: (word: string) => string,
): Record<string, EndMeaning> {
  return Object.fromEntries(Object.entries(meanings).map(([word, meaning]) => [tell(word), meaning]))
}
