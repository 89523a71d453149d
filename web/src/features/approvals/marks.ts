import type { Approval } from "../../app/api.ts";
import type { InboxEntry } from "./inbox.ts";

/** What has to be the same of questions that are decided together. */
const kindOf = ({ project_id, server, tool, rule }: Approval): string =>
  JSON.stringify([project_id, server, tool, rule]);

/** The marked questions that are still open, in the list's order. */
export function markedOf(entries: readonly InboxEntry[], marks: ReadonlySet<string>): Approval[] {
  return entries
    .filter(({ approval, closed }) => !closed && marks.has(approval.approval_id))
    .map(({ approval }) => approval);
}

/** Whether a question may be marked beside those that are. */
export function isAlike(approval: Approval, marked: readonly Approval[]): boolean {
  const [first] = marked;
  return first === undefined || kindOf(first) === kindOf(approval);
}

/** Marks a question, or takes its mark away. */
export function toggled(marks: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(marks);
  if (!next.delete(id)) next.add(id);
  return next;
}
