/** `YYYY-MM-DD` of the machine's own time zone. */
export function localDay(time: Date): string {
  const month = String(time.getMonth() + 1).padStart(2, "0")
  const day = String(time.getDate()).padStart(2, "0")
  return `${time.getFullYear()}-${month}-${day}`
}
