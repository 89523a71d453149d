import type { OpenApproval } from "../approvals/list-contract.ts";

/** Who has to agree to a question, and who has: `2 of dba, 1 so far (ada)`. */
export function approversOf({ approvers }: OpenApproval): string {
  const { group, escalated_groups: more, needed, counted, available } = approvers;
  const whom = group === null ? "who may decide" : [group, ...more].join(" or ");
  const names = counted.map(({ person, by }) => (by === person ? by : `${by} for ${person}`));
  const sofar = names.length === 0 ? "nobody so far" : `so far ${names.join(", ")}`;
  const tooFew = group !== null && available < needed - counted.length;
  return `${needed} of ${whom}, ${sofar}${tooFew ? `; only ${available} members still could` : ""}`;
}

/** What whoever asks may not do about a question; null where nothing keeps them from deciding. */
export function whyNotYou({ may_decide }: OpenApproval): string | null {
  if (!may_decide || may_decide.yes)
    return may_decide?.for ? `approve for ${may_decide.for}` : null;
  return `${may_decide.text}${may_decide.may_refuse ? " You may still say no." : ""}`;
}

/** That rules that need a second person are off, where there are such rules. */
export function separationOf({ approvers }: OpenApproval): string | null {
  return approvers.separation.is_on ? null : approvers.separation.text;
}
