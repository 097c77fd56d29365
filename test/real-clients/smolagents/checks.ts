import { libraryClient, pythonProgram } from "../support/library-checks.ts"

const viaAgents = "asked by its agents"
const noForm = "its agents know no forms"
const asAbove = "the same as the model alone"
const inCode = "it calls functions in code that it runs itself"
const asCall = (text: string) => `[[tool:final_answer:{"answer":"${text}"}]]`
const asCode = (text: string) => `[[say:<code>\nfinal_answer("${text}")\n</code>]]`

export const client = libraryClient({
  programs: ["smolagents 1.26.0"],
  limitMinutes: 20,
  install: pythonProgram(import.meta.dirname),
  ways: [
    { name: "model", cannot: { chat: viaAgents, tool: viaAgents, picture: viaAgents, shape: noForm } },
    {
      name: "tool-calling",
      say: asCall,
      env: { AFTER_FUNCTION: asCall("Told.") },
      cannot: { shape: noForm, stream: asAbove },
    },
    { name: "code", say: asCode, cannot: { tool: inCode, shape: noForm, stream: asAbove } },
  ],
})
