import { useRef } from "react";

/**
 * For `onCloseAutoFocus` of a dialog that has no trigger of its own: gives the focus back to what had it when the dialog
 * opened, or to the page where that is gone; never away from where something else has put it meanwhile.
 */
export function useReturnFocus(): (event: Event) => void {
  const before = useRef(document.activeElement);
  return (event) => {
    event.preventDefault();
    const isLost = () => document.activeElement === document.body;
    if (isLost() && before.current instanceof HTMLElement) before.current.focus();
    if (isLost()) document.getElementById("main")?.focus({ preventScroll: true });
  };
}
