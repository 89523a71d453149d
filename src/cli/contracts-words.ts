import type { PermissionChange, Permissions } from "../contracts/change-contract.ts";
import { oneLine } from "./table.ts";

/** What is permitted differently, one line a change; what is wider carries a mark. */
export function changesInWords({ gained, lost, changed }: Permissions): string[] {
  const lines = (name: string, changes: readonly PermissionChange[]) =>
    changes.map(({ widens, text }) => `${widens ? "!" : " "} ${name.padEnd(8)} ${oneLine(text)}`);
  return [...lines("gained", gained), ...lines("lost", lost), ...lines("changed", changed)];
}
