import { useState } from "react";

/**
 * Whether a page that is made of several answers is shown: once all of them have come, so that nothing moves under a finger
 * when the last one does. Then it stays, whatever is asked anew.
 *
 * @param id what the page is of
 */
export function useOpened(id: string, areThere: boolean): boolean {
  const [opened, setOpened] = useState<string>();
  if (id === opened) return true;
  if (areThere) setOpened(id);
  return areThere;
}
