import * as z from "zod"
import type { Parameter } from "../parameters.ts"
import { commonParameters, isEmptyList } from "../parameters.ts"

/** Every documented field of `POST /v1/chat/completions`. */
export const chatParameters: readonly Parameter[] = [
  ...commonParameters,
  {
    name: "messages",
    kind: "served",
    note: "All roles; text, images (data URLs) and refusals. A resent history continues its thread. `name` is advisory.",
  },
  {
    name: "store",
    kind: "served",
    note: "True: the completion can be retrieved. Default: the thread is kept, the completion not. False: nothing is kept.",
    form: z.boolean(),
  },
  {
    name: "stream_options",
    kind: "served",
    note: "Only with `stream`: `include_usage`. `include_obfuscation` is accepted; nothing is padded.",
  },
  {
    name: "reasoning_effort",
    kind: "served",
    note: "Passed to the agent.",
    form: z.string().min(1).max(64),
  },
  {
    name: "response_format",
    kind: "served",
    note: "`text` and `json_schema`; `json_object` is refused.",
  },
  {
    name: "verbosity",
    kind: "advisory",
    note: "`low`, `medium` or `high`.",
    form: z.enum(["low", "medium", "high"]),
  },
  {
    name: "max_tokens",
    kind: "advisory",
    note: "At least 1. Agent CLIs have no such limit.",
    form: z.int().min(1),
  },
  {
    name: "max_completion_tokens",
    kind: "advisory",
    note: "At least 1. Agent CLIs have no such limit.",
    form: z.int().min(1),
  },
  { name: "seed", kind: "advisory", note: "Agent CLIs do their own sampling.", form: z.int() },
  {
    name: "logit_bias",
    kind: "advisory",
    note: "-100 to 100 for each token. Agent CLIs do their own sampling.",
    form: z.record(z.string(), z.number().min(-100).max(100)),
  },
  {
    name: "prediction",
    kind: "advisory",
    note: "It only saves time, and agent CLIs have no use for it.",
    form: z.record(z.string(), z.unknown()),
  },
  {
    name: "n",
    kind: "refused",
    note: "an agent gives one answer; 1 passes.",
    passes: (value) => value === 1,
  },
  {
    name: "logprobs",
    kind: "refused",
    note: "agent CLIs tell no log probabilities; `false` passes.",
    passes: (value) => value === false,
  },
  {
    name: "stop",
    kind: "refused",
    note: "an agent cannot be stopped at a text.",
    passes: isEmptyList,
  },
  {
    name: "modalities",
    kind: "refused",
    note: 'agents answer with text only; `["text"]` passes.',
    passes: (value) => Array.isArray(value) && value.every((modality) => modality === "text"),
  },
  { name: "audio", kind: "refused", note: "agents answer with text only." },
  {
    name: "functions",
    kind: "refused",
    note: "the deprecated form of `tools`. Send the functions as `tools`.",
    passes: isEmptyList,
  },
  {
    name: "function_call",
    kind: "refused",
    note: "there are no functions to call; `none` and `auto` pass.",
    passes: (value) => value === "none" || value === "auto",
  },
  {
    name: "web_search_options",
    kind: "refused",
    note: "the agent searches the web by itself, if its CLI can.",
  },
]
