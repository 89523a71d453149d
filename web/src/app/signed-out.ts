import { useSyncExternalStore } from "react";

// Set while a session that there was has ended: the page stays as it is, with what was typed, under a sign-in.
let isOver = false;
const listeners = new Set<() => void>();

export function noteSignedOut(over: boolean): void {
  isOver = over;
  for (const listener of listeners) listener();
}

export function useSignedOut(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => isOver,
  );
}
