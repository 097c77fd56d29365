import * as z from "zod"
import { outputFormatForm } from "../common/output-format.ts"
import { commonParameters, type Parameter } from "../common/parameters.ts"
import { inputItemForm } from "./input-items.ts"

/** Values of `include`, in bodies and queries. */
export const includable = [
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

/** OpenAI's way to have images of a long context take less room. */
const imageOptions = z.looseObject({
  context_compression: z
    .enum(["auto", "enabled", "disabled"])
    .nullish()
    .refine((policy) => policy !== "enabled", {
      error:
        "'image.context_compression' cannot be 'enabled': agent CLIs keep images as they are. 'auto' passes.",
    }),
})

const summaries = z.enum(["auto", "concise", "detailed"]).nullish()

/** What the parser reads of a body that the table has checked. */
export const servedByResponses = z.object({
  model: z.string().optional(),
  stream: z.boolean().default(false),
  store: z.boolean().default(true),
  background: z.boolean().default(false),
  max_output_tokens: z.int().optional(),
  instructions: z.string().optional(),
  previous_response_id: z.string().optional(),
  conversation: z.union([z.string(), z.object({ id: z.string() })]).optional(),
  stream_options: z.object({ include_obfuscation: z.boolean().nullish() }).optional(),
  reasoning: z
    .object({
      effort: z.string().min(1).max(64).nullish(),
      summary: summaries,
      generate_summary: summaries,
      context: z.string().nullish(),
      mode: z.string().nullish(),
    })
    .optional(),
  image: imageOptions.optional(),
  text: z
    .object({ format: z.unknown().optional(), verbosity: z.enum(["low", "medium", "high"]).nullish() })
    .optional(),
})

/** Every field of `POST /v1/responses` that is documented by OpenAI or Open Responses. */
export const responsesParameters: readonly Parameter[] = [
  ...commonParameters("responses"),
  {
    name: "input",
    kind: "served",
    note: "Text, or items: messages with text, images and files (inline, uploaded, https), all that `output` holds and references to it, and what other servers left in a history. May be missing behind a response or a conversation, which is gone on with. `detail` `low` of an image is advisory.",
    documented: () => z.union([z.string().min(1), z.array(inputItemForm()).min(1)]),
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
    documented: () => servedByResponses.shape.stream_options,
  },
  {
    name: "reasoning",
    kind: "served",
    note: "`effort` is passed to the agent; `summary` and the others are advisory.",
    documented: () => servedByResponses.shape.reasoning,
  },
  {
    name: "text",
    kind: "served",
    note: "`format` `text`, `json_schema` and `json_object`: validated, corrected once, then the response fails. Rules that cannot be checked, and `verbosity`, are advisory.",
    documented: () =>
      servedByResponses.shape.text.unwrap().extend({ format: outputFormatForm(null).nullish() }),
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
    kind: "served",
    note: "At least 1. The answer is cut at about 4 characters a token of its text (`incomplete`), the agent interrupted.",
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
    note: "Entries of the type `compaction`. The CLI compacts a long thread by itself.",
    form: z.array(z.looseObject({ type: z.literal("compaction") })),
  },
  {
    name: "background",
    kind: "served",
    note: "Answered at once (`queued` or `in_progress`); runs on without its client. Needs `store`.",
    form: z.boolean(),
  },
  {
    name: "conversation",
    kind: "served",
    note: "Id, or `{id}`: the turn knows its items and adds to them. Kept with `store: false` as well.",
    form: z.union([z.string().min(1), z.object({ id: z.string().min(1) })]),
  },
  {
    name: "prompt",
    kind: "refused",
    note: "prompt templates live on OpenAI's servers. Send their text as 'instructions'.",
  },
  {
    name: "image",
    kind: "served",
    note: "`context_compression`: `auto`; `disabled` is advisory, as some CLIs make a large image smaller; `enabled` is refused.",
    form: imageOptions,
  },
  { name: "access_programs", kind: "refused", note: "access programs are granted by OpenAI only." },
]
