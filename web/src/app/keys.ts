import { useEffect, useRef } from "react";
import { preferences } from "./preferences.ts";

/** Keys to actions; `"g r"` is g, then r within a second. */
export type KeyMap = Record<string, () => void>;

const TYPING = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]";
const SEQUENCE_MS = 1000;

// The page's maps, the innermost last. One listener reads them all, so that the second key of a
// sequence ("g a") can never be taken for the same key alone ("a").
const maps: { current: KeyMap }[] = [];
let prefix: { key: string; at: number } | undefined;

function isSilent(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.isComposing) return true;
  if (event.metaKey || event.ctrlKey || event.altKey) return true;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest(TYPING)) return true;
  // A dialog or menu that is open owns the keyboard.
  return document.querySelector("[data-layer=dialog], [role=menu]") !== null;
}

function onKey(event: KeyboardEvent): void {
  if (isSilent(event)) return;
  if (!preferences().shortcuts && event.key !== "Escape") return;
  const sequence =
    prefix && event.timeStamp - prefix.at < SEQUENCE_MS ? `${prefix.key} ${event.key}` : undefined;
  prefix = undefined;
  const wanted = sequence ?? event.key;
  const action = maps.findLast((map) => map.current[wanted])?.current[wanted];
  if (action) {
    event.preventDefault();
    action();
  } else if (maps.some((map) => Object.keys(map.current).some((k) => k.startsWith(`${wanted} `)))) {
    prefix = { key: wanted, at: event.timeStamp };
  }
}

/** Single-key shortcuts: silent while typing, under a modifier, in a dialog, or when switched off. */
export function useKeys(map: KeyMap): void {
  const entry = useRef(map);
  entry.current = map;
  useEffect(() => {
    if (maps.length === 0) document.addEventListener("keydown", onKey);
    maps.push(entry);
    return () => {
      maps.splice(maps.indexOf(entry), 1);
      if (maps.length === 0) document.removeEventListener("keydown", onKey);
    };
  }, []);
}

/** ⌘K or Ctrl+K, also while typing and where single keys are switched off; not over a dialog. */
export function usePaletteKey(open: () => void): void {
  const act = useRef(open);
  act.current = open;
  useEffect(() => {
    const onPaletteKey = (event: KeyboardEvent) => {
      const isIt = (event.metaKey || event.ctrlKey) && !event.altKey && !event.shiftKey;
      if (!isIt || event.key.toLowerCase() !== "k") return;
      event.preventDefault();
      if (document.querySelector("[data-layer=dialog]") === null) act.current();
    };
    document.addEventListener("keydown", onPaletteKey);
    return () => document.removeEventListener("keydown", onPaletteKey);
  }, []);
}
