import type { RefObject } from "react";
import { useKeys } from "../app/keys.ts";

/** j and k walk the rows by focus, so that ↵ opens and a screen reader follows. */
export function useRowKeys(list: RefObject<HTMLElement | null>, isOn = true): void {
  const walk = (by: 1 | -1) => {
    const links = [...(list.current?.querySelectorAll<HTMLElement>("a.what") ?? [])];
    const at = links.indexOf(document.activeElement as HTMLElement);
    const next = links[at === -1 ? 0 : Math.min(links.length - 1, Math.max(0, at + by))];
    next?.focus();
  };
  useKeys(isOn ? { j: () => walk(1), k: () => walk(-1) } : {});
}
