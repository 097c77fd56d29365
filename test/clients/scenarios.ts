import * as z from "zod"

/** What the scripted model is told, so that the agent does everything that a client may see in one turn. */
export const busyTurn =
  "[[reason:Thinking about it]][[commentary:I look first.]][[shell:echo from-the-shell]][[then]][[say:All done: 🌍]]"
export const busyAnswer = "All done: 🌍"

/** Calls the two functions at once; their outputs are seen by the model, which ends with `done`. */
export const twoCalls = '[[tool:get_weather:{"city":"Oslo"}]][[tool:get_time:{"city":"Rome"}]][[say:done]]'
/** Calls the one, and the other when the first has answered. */
export const callsInTurn =
  '[[tool:get_weather:{"city":"Oslo"}]][[then]][[tool:get_time:{"city":"Rome"}]][[then]][[say:done]]'

export const cityShape = z.object({ city: z.string() })

/** An answer that the model gives in the client's form. */
export const answerShape = z.object({ answer: z.string() })
export const answerTurn = '[[say:{"answer":"yes"}]]'
