import { useState } from "react";

const PREFIX = "awooop.draft.";

/** For as long as the tab lives, so that a session that ends, or a page left by mistake, costs nobody what was typed. */
export function useKept<T extends object>(name: string, start: T): [T, (value: T) => void] {
  const [value, setValue] = useState<T>(() => ({ ...start, ...stored<T>(name) }));
  const set = (next: T) => {
    setValue(next);
    try {
      sessionStorage.setItem(PREFIX + name, JSON.stringify(next));
    } catch {
      // Storage may be switched off or full; then it is kept on the page alone.
    }
  };
  return [value, set];
}

function stored<T>(name: string): Partial<T> {
  try {
    return JSON.parse(sessionStorage.getItem(PREFIX + name) ?? "{}") as Partial<T>;
  } catch {
    return {};
  }
}

export function forget(name: string): void {
  try {
    sessionStorage.removeItem(PREFIX + name);
  } catch {
    // As above: there is nothing to forget then.
  }
}
