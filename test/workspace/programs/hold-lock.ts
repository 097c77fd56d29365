// A daemon that has the home: prints "locked" and stays until its stdin ends or it is killed.
import { lockHome } from "../../../src/workspace/home/home-lock.ts"

const lock = await lockHome(process.argv[2] ?? "")
process.stdout.write("locked\n")
process.stdin.resume()
process.stdin.on("end", () => {
  void lock.release()
})
