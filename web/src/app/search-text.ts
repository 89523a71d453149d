/** A text of an address's search, or undefined where there is none worth the name. */
export const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;
