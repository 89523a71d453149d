import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { RunDetail } from "../../app/api.ts";
import { useKeys } from "../../app/keys.ts";
import { type Entry, entriesShown, entryOf, notableEntry, type Shown } from "./entries.ts";

/** Which lines are shown, which one is chosen (it stands in the address), and the keys that walk them. */
export function useStory(detail: RunDetail, entries: Entry[], wide: boolean) {
  const navigate = useNavigate({ from: "/runs/$projectId/$runId" });
  const chosen = useSearch({ from: "/console/runs/$projectId/$runId" }).entry;
  const [closed, setClosed] = useState(false);
  const [raw, setRaw] = useState(false);
  const [shown, show] = useState<Shown>("all");
  const [walked, setWalked] = useState<{ id: string }>();
  const [came] = useState(chosen);
  const lines = useMemo(() => entriesShown(entries, shown), [entries, shown]);
  const named = chosen === undefined ? undefined : entryOf(entries, chosen);
  const suggested =
    wide && !closed ? notableEntry(entries, detail.run.state === "waiting_approval") : undefined;
  const current = named ?? suggested;
  const toggleRaw = () => setRaw((on) => !on);
  const choose = (entry: string | undefined) =>
    navigate({ search: (old) => ({ ...old, entry }), replace: true, resetScroll: false });
  const close = () => {
    setClosed(true);
    void choose(undefined);
  };
  const walk = (by: 1 | -1) => {
    const stops = lines.filter((entry) => entry.type !== "wait");
    const focused = document.activeElement?.closest<HTMLElement>("[data-entry]")?.dataset.entry;
    const at = stops.findIndex((entry) => entry.id === (focused ?? current?.id));
    const next = stops[at === -1 ? (by === 1 ? 0 : stops.length - 1) : at + by];
    if (!next) return;
    void choose(next.id);
    setWalked({ id: next.id });
  };
  useKeys({ j: () => walk(1), k: () => walk(-1), v: toggleRaw, Escape: close });
  // What the address named as one came is brought into view.
  const linked = chosen === came ? named?.id : undefined;
  return { lines, current, shown, show, raw, toggleRaw, close, walked, linked };
}
