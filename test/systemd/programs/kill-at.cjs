// Loaded before a command of ours (NODE_OPTIONS=--require): ends it by SIGKILL just before the file operation with the number
// KILL_AT, counted from 1; 0 only counts, into the file COUNT.
const { writeFileSync } = require("node:fs")
const operations = require("node:fs/promises")
const { syncBuiltinESMExports } = require("node:module")

let count = 0
for (const name of ["open", "rename", "link", "rm", "mkdir", "chmod", "unlink", "copyFile", "writeFile"]) {
  const original = operations[name]
  operations[name] = (...args) => {
    count += 1
    if (count === Number(process.env.KILL_AT)) process.kill(process.pid, "SIGKILL")
    return original(...args)
  }
}
syncBuiltinESMExports()
process.on("exit", () => {
  if (process.env.KILL_AT === "0") writeFileSync(process.env.COUNT, String(count))
})
