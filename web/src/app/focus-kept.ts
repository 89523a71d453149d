import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";

const REACHED =
  "a[href], button, input, select, textarea, summary, [tabindex]:not([tabindex='-1'])";

/** Dialogs and menus give the focus back themselves. */
const BY_THEMSELVES = "[data-layer=dialog], [role=menu]";

interface Place {
  element: HTMLElement;
  path: string;
  isKept: boolean;
}

/** What one can be at before a place in the page: the nearest of it, else the page. */
function before(parent: Node, sibling: Node | null): HTMLElement | null {
  const main = document.getElementById("main");
  const last = [...(main?.querySelectorAll<HTMLElement>(REACHED) ?? [])].findLast((each) => {
    const isBefore = parent.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_PRECEDING;
    const isBeside =
      sibling?.contains(each) ||
      (sibling && sibling.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_PRECEDING);
    return (isBefore || isBeside) && each.checkVisibility();
  });
  return last ?? main;
}

/** Where an element stood that was taken out: among the changes, the one that still hangs in the page. */
function placeOf(element: Node, changes: readonly MutationRecord[]) {
  let gone = element;
  for (const { removedNodes, target, previousSibling } of changes) {
    if (![...removedNodes].some((node) => node.contains(gone))) continue;
    if (target.isConnected)
      return { parent: target, sibling: previousSibling?.isConnected ? previousSibling : null };
    gone = target;
  }
  return undefined;
}

/**
 * Never loses the focus. What has it may go: a filter that is taken off, the button for more of a list that has no more. Then
 * it goes to what one could be at before that; with a page that goes, to the new page, so that Tab and a reader do.
 */
export function useFocusKept(): void {
  const router = useRouter();
  useEffect(
    () =>
      router.subscribe("onRendered", ({ pathChanged, fromLocation }) => {
        if (!pathChanged || !fromLocation || document.activeElement !== document.body) return;
        document.getElementById("main")?.focus({ preventScroll: true });
      }),
    [router],
  );
  useEffect(() => {
    let held: Place | undefined;
    const hold = ({ target }: FocusEvent) => {
      if (!(target instanceof HTMLElement)) return;
      const { pathname: path } = window.location;
      held = { element: target, path, isKept: target.closest(BY_THEMSELVES) === null };
    };
    const observer = new MutationObserver((changes) => {
      if (!held || held.element.isConnected) return;
      const { element, path, isKept } = held;
      held = undefined;
      if (!isKept || path !== window.location.pathname) return;
      if (document.activeElement !== document.body) return;
      const place = placeOf(element, changes);
      // It is near what went; where the page has moved on since, what one reads stays.
      if (place) before(place.parent, place.sibling)?.focus({ preventScroll: true });
    });
    // Who presses beside everything has let go of it.
    const letGo = () => {
      held = undefined;
    };
    document.addEventListener("pointerdown", letGo);
    document.addEventListener("focusin", hold);
    observer.observe(document.body, { childList: true, subtree: true });
    return () => {
      document.removeEventListener("pointerdown", letGo);
      document.removeEventListener("focusin", hold);
      observer.disconnect();
    };
  }, []);
}
