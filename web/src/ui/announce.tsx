import { useSyncExternalStore } from "react";

// One polite live region for the whole page: what happened is said once, and never moves focus.
let message = "";
const listeners = new Set<() => void>();

export function announce(text: string): void {
  // A no-break space at the end makes the same text said again.
  message = message === text ? `${text}\u00a0` : text;
  for (const listener of listeners) listener();
}

export function Announcer() {
  const text = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => message,
  );
  return (
    <div className="sr-only" role="status" aria-live="polite">
      {text}
    </div>
  );
}
