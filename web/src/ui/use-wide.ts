import { useSyncExternalStore } from "react";

const query = window.matchMedia("(min-width: 960px)");

/** Whether there is room for a list and its details side by side. */
export function useWide(): boolean {
  return useSyncExternalStore(
    (listener) => {
      query.addEventListener("change", listener);
      return () => query.removeEventListener("change", listener);
    },
    () => query.matches,
  );
}
