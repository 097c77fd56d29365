/**
 * False for a path that claude would read as a pattern, or cut off, in a permission rule (`Edit(//home/..)`). Its rules are
 * those of gitignore within parentheses, and the same text is what its sandbox takes for a path: no way to escape a character
 * means the same to both.
 */
export function isPlainInRules(path: string): boolean {
  return /^[\p{L}\p{M}\p{N}/ \-_.@+,=~:%#]+$/u.test(path) && !/ (?:\/|$)/.test(path)
}
