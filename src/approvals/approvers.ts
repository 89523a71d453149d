import type { MemberRole, Role } from "../identity/index.ts";
import type { NoRightKey } from "./approver-contract.ts";

/** Somebody of a project, as far as deciding goes. */
export interface Person {
  member_id: string;
  role: MemberRole;
  groups: readonly string[];
  is_active: boolean;
}

/** A right that is lent at this moment. */
export interface Lent {
  delegation_id: string;
  delegated_by: string;
  delegated_to: string;
  /** null: of whatever groups they are in. */
  group_name: string | null;
}

/** The people of a project, as far as a decision has to know them. */
export interface People {
  /** How many active members may decide; two are as good as more. */
  deciders: number;
  members: ReadonlyMap<string, Person>;
  /** In the order they are tried in. */
  lent: readonly Lent[];
}

/** What a question demands of those who approve it. */
export interface ApproverRule {
  /** Only members of one of them approve; null: whoever may decide. */
  groups: readonly string[] | null;
  quorum: number;
  twoPerson: boolean;
  editorCounts: boolean;
  requestedBy: string | null;
  contractAuthor: string | null;
  /** Of the arguments that the question is about now. */
  editedBy: string | null;
}

/** A yes that counts: who gave it, and whose right it was. */
export interface Yes {
  actor_id: string;
  counts_for: string;
}

/** Who wants to decide. */
export interface Decider {
  id: string;
  /** Their key's role; undefined where a key that may act for others speaks for them. */
  role: Role | undefined;
}

/** A right to approve, and what it rests on. */
export interface Right {
  role: MemberRole;
  group: string | null;
  /** Whose yes it is: their own, or theirs who lent it. */
  countsFor: string;
  delegationId: string | null;
}

/** Why somebody may not. */
export interface NoRight {
  key: NoRightKey;
  params: Record<string, string>;
}

/** Whether the rules that need a second person are on: once there are two who may decide. */
export function isSeparated({ deciders }: People): boolean {
  return deciders >= 2;
}

/** How many different people have to agree. */
export function neededOf({ quorum, twoPerson }: ApproverRule, people: People): number {
  return Math.max(quorum, twoPerson && isSeparated(people) ? 2 : 1);
}

const decides = (person: Person | undefined) =>
  person?.is_active === true && person.role !== "viewer";

/** Whether somebody may decide at all, which is all that a no takes. */
export function deciderOf(people: People, { id, role }: Decider): MemberRole | NoRight {
  const member = people.members.get(id);
  const params = { person: id };
  if (role === "viewer" || role === "agent") return { key: "key_viewer", params: { role } };
  if (member?.is_active === false) return { key: "member_inactive", params };
  if (member?.role === "viewer") return { key: "member_viewer", params };
  // A name that is spelt in two ways would be two people.
  if (role === undefined && !member && isSeparated(people)) return { key: "not_a_member", params };
  return role ?? member?.role ?? "operator";
}

/** Who has a hand in what the question is about, and how. */
export function excludedBy(
  { requestedBy, contractAuthor, editedBy, editorCounts }: ApproverRule,
  people: People,
): Map<string, "is_requester" | "is_author" | "is_editor"> {
  const excluded = new Map<string, "is_requester" | "is_author" | "is_editor">();
  if (!isSeparated(people)) return excluded;
  if (editedBy !== null && !editorCounts) excluded.set(editedBy, "is_editor");
  if (contractAuthor !== null) excluded.set(contractAuthor, "is_author");
  if (requestedBy !== null) excluded.set(requestedBy, "is_requester");
  return excluded;
}

/**
 * The right by which somebody may approve: their own, else one that was lent to them. It never lets a person count twice,
 * neither as who says yes nor as whose yes it is, and never gives back to somebody what separation takes.
 *
 * @param given the yeses so far to what the question is about now
 */
export function rightOf(
  rule: ApproverRule,
  people: People,
  given: readonly Yes[],
  decider: Decider,
): Right | NoRight {
  const role = deciderOf(people, decider);
  if (typeof role !== "string") return role;
  const { id } = decider;
  const params = { person: id };
  const excluded = excludedBy(rule, people);
  const hand = excluded.get(id);
  if (hand !== undefined) return { key: hand, params };
  const counted = given.find(({ actor_id, counts_for }) => actor_id === id || counts_for === id);
  if (counted?.actor_id === id) return { key: "has_decided", params };
  if (counted) return { key: "was_counted", params: { ...params, by: counted.actor_id } };
  const { groups } = rule;
  const own = { role, countsFor: id, delegationId: null };
  if (groups === null) return { ...own, group: null };
  const group = groupOf(groups, people.members.get(id));
  if (group !== undefined) return { ...own, group };
  const usable = people.lent.flatMap((lent): Usable[] => {
    if (lent.delegated_to !== id) return [];
    const named = groups.filter((each) => (lent.group_name ?? each) === each);
    const theirs = groupOf(named, people.members.get(lent.delegated_by));
    return theirs === undefined ? [] : [{ ...lent, group: theirs }];
  });
  const found = lentRight(usable, { id, excluded, given });
  if (found) return isRefused(found) ? found : { ...found, role };
  return { key: "not_in_group", params: { ...params, group: groups.join(", ") } };
}

/** The first of the groups that somebody who may decide is in. */
function groupOf(groups: readonly string[], person: Person | undefined): string | undefined {
  return decides(person) ? groups.find((each) => person?.groups.includes(each)) : undefined;
}

/** A right that was lent to somebody, and the group that its lender approves for. */
type Usable = Lent & { group: string };

function lentRight(
  usable: readonly Usable[],
  about: { id: string; excluded: ReadonlyMap<string, unknown>; given: readonly Yes[] },
): Omit<Right, "role"> | NoRight | undefined {
  const params = { person: about.id };
  const isCounted = (id: string) =>
    about.given.some(({ actor_id, counts_for }) => actor_id === id || counts_for === id);
  const allowed = usable.filter(({ delegated_by }) => !about.excluded.has(delegated_by));
  const free = allowed.find(({ delegated_by }) => !isCounted(delegated_by));
  if (free) {
    const { group, delegated_by: countsFor, delegation_id: delegationId } = free;
    return { group, countsFor, delegationId };
  }
  const [counted] = allowed;
  if (counted) return { key: "lender_counted", params: { ...params, by: counted.delegated_by } };
  const [excluded] = usable;
  return excluded && { key: "lent_by_excluded", params: { ...params, by: excluded.delegated_by } };
}

/** Whether it says why not. */
export function isRefused<T extends object>(found: T | NoRight): found is NoRight {
  return "key" in found;
}
