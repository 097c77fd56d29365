import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { argumentsText, saidText, saidTexts } from "./said-text.ts"

const answer = "The sky is blue.\n\nAnd so is the sea."

/** What a client made of the answer, with the stop texts of its request. */
const edits: readonly (readonly [what: string, messages: string[], stopTexts?: string[]])[] = [
  ["nothing", [answer]],
  ["white space at both ends", [`  \n${answer}\n\n`]],
  ["other line ends", [answer.replaceAll("\n", "\r\n")]],
  ["fewer line ends", [answer.replaceAll("\n\n", "\n")]],
  ["its messages apart", answer.split("\n\n")],
  ["thoughts in front", [`<think>\nHm, blue?\n</think>\n\n${answer}`]],
  ["thoughts as a message of their own", ["<think>\nHm, blue?\n</think>", answer]],
  ["thoughts of two kinds", [`<thinking>a</thinking><think>b</think>${answer}`]],
  ["empty thoughts", [`<think></think>${answer}`]],
  [
    "reasoning in an element",
    [`<details type="reasoning" done="true" duration="2">\n> Hm\n</details>\n${answer}`],
  ],
  ["thoughts in brackets", [`<|begin_of_thought|>Hm<|end_of_thought|>${answer}`]],
  ["the stop text behind it", [`${answer}</code>`], ["Observation:", "</code>"]],
  ["the stop text and an invention", [`${answer}\nObservation: 42\nSo it is.`], ["Observation:", "</code>"]],
  ["a stop text that is not there", [answer], ["</code>", ""]],
]

describe("an answer is the same", () => {
  for (const [what, messages, stopTexts] of edits) {
    it(`with ${what}`, () => {
      expect(saidText(messages, stopTexts)).toBe(saidText([answer]))
    })
  }

  it("however often its lines end, and whatever stands around it", () => {
    const lines = fc.array(fc.stringMatching(/^[a-z<>/é漢]{1,6}( [a-z]{1,3})?$/), { maxLength: 8 })
    const ends = fc.constantFrom("\n", "\n\n", "\r\n", "\n\n\n")
    const around = fc.stringMatching(/^[ \t\r\n]{0,3}$/)
    fc.assert(
      fc.property(lines, ends, ends, around, (text, first, second, space) => {
        const other = `${space}${text.join(second)}${space}`
        expect(saidText([text.join(first)])).toBe(saidText([other]))
      }),
    )
  })

  it("as one text of its messages, however they were joined", () => {
    const messages = ["The sky is blue.\n", "And so is the sea."]
    for (const joint of ["\n\n", "\n", " ", ""]) {
      expect(saidTexts(messages)).toContain(saidText([messages.map((text) => text.trim()).join(joint)]))
    }
    expect(saidTexts(messages)[0]).toBe(saidText(messages))
    expect(saidTexts([answer])).toEqual([saidText([answer])])
  })
})

describe("an answer is another one", () => {
  it.each([
    ["with a word changed", "The sky is red.\n\nAnd so is the sea."],
    ["with a word more", `${answer} Mostly.`],
    ["with thoughts behind it, which nobody puts there", `${answer}<think>Hm</think>`],
    ["with an element that is no thought", `<details><summary>More</summary></details>${answer}`],
  ])("%s", (_, text) => {
    expect(saidText([text])).not.toBe(saidText([answer]))
  })
})

it("says nothing where all is thought, also where that was cut", () => {
  for (const text of ["", " \n", "<think>Hm</think>", "<think>Hm, let me", '<details type="reasoning">x']) {
    expect(saidText([text])).toBe("")
  }
})

describe("arguments that came back as an answer", () => {
  it.each([
    ['{"city":"Oslo","days":[1,2]}', true],
    ['{ "days" : [1, 2], "city": "Oslo" }\n', true],
    ['{"output":{"city":"Oslo","days":[1,2]}}', true],
    ['{"city":"Oslo","days":[2,1]}', false],
    ['{"city":"Oslo"', false],
    ["Oslo", false],
    ["[1,2]", false],
  ])("%s: %s", (text, isSame) => {
    const expected = argumentsText('{"days":[1,2],"city":"Oslo"}')
    expect(argumentsText(text) === expected).toBe(isSame)
  })
})
