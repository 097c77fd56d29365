import * as z from "zod"
import { outputFormatForm } from "../common/output-format.ts"
import { commonParameters, isEmptyList, type Parameter } from "../common/parameters.ts"
import { messagesForm } from "./messages.ts"

/** Far beyond what stops an answer; every piece of text is compared with all of them. */
const maxStopLength = 1_000

const stopTexts = z.unknown().superRefine((value, context) => {
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (texts.length > 4) context.addIssue(`'stop' has ${texts.length} texts; at most 4 are possible.`)
  if (texts.some((text) => typeof text !== "string" || text === "")) {
    context.addIssue("'stop' must be a text, or a list of up to 4 texts, none of them empty.")
  }
  if (texts.some((text) => typeof text === "string" && text.length > maxStopLength)) {
    context.addIssue(`'stop' has a text of more than ${maxStopLength} characters.`)
  }
})

/** What the parser reads of a body that the table has checked. */
export const servedByChat = z.object({
  model: z.string().optional(),
  stream: z.boolean().default(false),
  store: z.boolean().optional(),
  reasoning_effort: z.string().optional(),
  stop: z.union([z.string(), z.array(z.string())]).optional(),
  max_tokens: z.int().optional(),
  max_completion_tokens: z.int().optional(),
  stream_options: z
    .object({ include_usage: z.boolean().nullish(), include_obfuscation: z.boolean().nullish() })
    .optional(),
})

/** Every documented field of `POST /v1/chat/completions`. */
export const chatParameters: readonly Parameter[] = [
  ...commonParameters("chat"),
  {
    name: "messages",
    kind: "served",
    note: "All roles; text, images (data URLs, https), files and refusals. A resent history continues its thread; one that ends with the assistant's message is gone on with. `name`, and `detail` `low` of an image, are advisory.",
    documented: messagesForm,
    isRequired: true,
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
    documented: () => servedByChat.shape.stream_options,
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
    note: "`text`, `json_schema` and `json_object`. Validated; an answer that does not hold is corrected once, then it fails. Rules that cannot be checked are advisory.",
    documented: () => outputFormatForm("json_schema"),
  },
  {
    name: "verbosity",
    kind: "advisory",
    note: "`low`, `medium` or `high`.",
    form: z.enum(["low", "medium", "high"]),
  },
  {
    name: "max_tokens",
    kind: "served",
    note: "Deprecated form of `max_completion_tokens`; of both, the smaller one counts.",
    form: z.int().min(1),
  },
  {
    name: "max_completion_tokens",
    kind: "served",
    note: "At least 1. The answer is cut at about 4 characters a token of its text (`finish_reason` `length`), the agent interrupted.",
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
    kind: "served",
    note: "A text or up to 4, of at most 1,000 characters each. The answer ends before the first of them, and the agent is interrupted.",
    form: stopTexts,
    documented: () => servedByChat.shape.stop,
  },
  {
    name: "modalities",
    kind: "refused",
    note: 'agents answer with text only; `["text"]` passes.',
    passes: (value) => Array.isArray(value) && value.every((modality) => modality === "text"),
  },
  {
    name: "include",
    kind: "refused",
    note: "completions have no parts to include; `[]` passes. Use the Responses API.",
    passes: isEmptyList,
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
    kind: "advisory",
    note: "The agent searches the web by itself, if its CLI can.",
    form: z.record(z.string(), z.unknown()),
  },
]
