import { useNavigate, useSearch } from "@tanstack/react-router";
import { recall, remember } from "../../app/storage.ts";

/** How far back the overview looks; the API goes back seven days. */
export const WINDOWS = ["1h", "6h", "24h", "7d"] as const;
export type Window = (typeof WINDOWS)[number];

export const HOURS: Record<Window, number> = { "1h": 1, "6h": 6, "24h": 24, "7d": 168 };

const KEPT_AS = "awooop.overview.since";

/** What can't be meant is left out, never an error. */
export const readWindow = (value: unknown): Window | undefined =>
  WINDOWS.find((window) => window === value);

/** What the address says, else what was chosen last in this browser, else a day. */
export function useWindow(): [Window, (window: Window) => void] {
  const { since } = useSearch({ from: "/console/" });
  const navigate = useNavigate({ from: "/" });
  const choose = (window: Window) => {
    remember(KEPT_AS, window);
    void navigate({
      search: (old) => ({ ...old, since: window }),
      replace: true,
      resetScroll: false,
    });
  };
  return [since ?? readWindow(recall(KEPT_AS)) ?? "24h", choose];
}
