import { useSyncExternalStore } from "react";
import { recall, remember } from "./storage.ts";

export type Theme = "system" | "light" | "dark";

interface Preferences {
  theme: Theme;
  shortcuts: boolean;
}

function initial(): Preferences {
  const theme = document.documentElement.dataset.theme;
  return {
    theme: theme === "light" || theme === "dark" ? theme : "system",
    shortcuts: recall("awooop.shortcuts") !== "off",
  };
}

let current: Preferences | undefined;
const listeners = new Set<() => void>();

export function preferences(): Preferences {
  current ??= initial();
  return current;
}

function change(next: Partial<Preferences>): void {
  current = { ...preferences(), ...next };
  for (const listener of listeners) listener();
}

export function chooseTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  remember("awooop.theme", theme === "system" ? null : theme);
  change({ theme });
}

/** Single-letter keys can be switched off (WCAG 2.1.4). */
export function chooseShortcuts(on: boolean): void {
  remember("awooop.shortcuts", on ? null : "off");
  change({ shortcuts: on });
}

export function usePreferences(): Preferences {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, preferences);
}
