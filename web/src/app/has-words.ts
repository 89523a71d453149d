/** Whether each word of a text, in any letter case, stands somewhere in what a thing is called. */
export function hasWords(names: readonly string[], text: string): boolean {
  const all = names.join("\n").toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}
