import { twMerge } from "tailwind-merge";

/** Joins class names; of two utilities for the same property the later one wins. */
export function cx(...names: (string | false | null | undefined)[]): string {
  return twMerge(names.filter(Boolean).join(" "));
}
