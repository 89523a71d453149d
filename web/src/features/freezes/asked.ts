import { useSyncExternalStore } from "react";

/** What somebody is about to freeze; they may still choose otherwise. */
export interface FreezeWish {
  projectId?: string | undefined;
  agentId?: string | undefined;
}

let asked: FreezeWish | undefined;
const listeners = new Set<() => void>();

/** Opens the dialog from wherever one is; undefined closes it. */
export function askToFreeze(wish: FreezeWish | undefined): void {
  asked = wish;
  for (const listener of listeners) listener();
}

export function useFreezeWish(): FreezeWish | undefined {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => asked,
  );
}
