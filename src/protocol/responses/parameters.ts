import * as z from "zod"
import type { Parameter } from "../parameters.ts"
import { commonParameters } from "../parameters.ts"

const includable = [
  "file_search_call.results",
  "web_search_call.results",
  "web_search_call.action.sources",
  "message.input_image.image_url",
  "computer_call_output.output.image_url",
  "code_interpreter_call.outputs",
  "reasoning.encrypted_content",
  // Refused by the parser, which can say why.
  "message.output_text.logprobs",
]

/** Every field of `POST /v1/responses` that is documented by OpenAI or Open Responses. */
export const responsesParameters: readonly Parameter[] = [
  ...commonParameters,
  {
    name: "input",
    kind: "served",
    note: "Text, or items: messages with text and images (data URLs), and all that `output` holds.",
  },
  {
    name: "instructions",
    kind: "served",
    note: "Developer instructions for this response; not inherited through `previous_response_id`.",
    form: z.string(),
    isEchoed: true,
  },
  {
    name: "previous_response_id",
    kind: "served",
    note: "Goes on in that response's thread; from an earlier response the thread is forked.",
    form: z.string().min(1),
  },
  {
    name: "store",
    kind: "served",
    note: "Default true. False: an ephemeral thread, the answer cannot be retrieved or continued.",
    form: z.boolean(),
  },
  {
    name: "stream_options",
    kind: "served",
    note: "Only with `stream`. `include_obfuscation` is accepted; nothing is padded.",
  },
  {
    name: "reasoning",
    kind: "served",
    note: "`effort` is passed to the agent; `summary` and the others are advisory.",
  },
  {
    name: "text",
    kind: "served",
    note: "`format` `text` and `json_schema`; `json_object` is refused. `verbosity` is advisory.",
  },
  {
    name: "include",
    kind: "advisory",
    note: "Nothing is added to the items; `message.output_text.logprobs` is refused.",
    form: z.array(z.enum(includable)),
  },
  {
    name: "truncation",
    kind: "advisory",
    note: "`auto` or `disabled`. The CLI compacts a long thread by itself.",
    form: z.enum(["auto", "disabled"]),
    isEchoed: true,
  },
  {
    name: "max_output_tokens",
    kind: "advisory",
    note: "At least 1. Agent CLIs have no such limit.",
    form: z.int().min(1),
    isEchoed: true,
  },
  {
    name: "max_tool_calls",
    kind: "advisory",
    note: "At least 1. The agent decides how often it uses its tools.",
    form: z.int().min(1),
    isEchoed: true,
  },
  {
    name: "context_management",
    kind: "advisory",
    note: "The CLI compacts a long thread by itself.",
    form: z.array(z.record(z.string(), z.unknown())),
  },
  {
    name: "background",
    kind: "refused",
    note: "background responses are not served yet by this release; `false` passes.",
    passes: (value) => value === false,
  },
  {
    name: "conversation",
    kind: "refused",
    note: "conversations are not served yet by this release. Use 'previous_response_id'.",
  },
  {
    name: "prompt",
    kind: "refused",
    note: "prompt templates live on OpenAI's servers. Send their text as 'instructions'.",
  },
  { name: "image", kind: "refused", note: "agent CLIs have no options for images." },
  { name: "access_programs", kind: "refused", note: "access programs are granted by OpenAI only." },
]
