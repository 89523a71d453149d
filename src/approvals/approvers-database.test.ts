import fc from "fast-check";
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  openReading,
  type Reading,
  seedApproval,
  seedProject,
  seedRevision,
  seedRun,
} from "../../test/support/fixtures.ts";
import { newId } from "../platform/ids.ts";
import {
  type ApproverRule,
  isRefused,
  type Lent,
  neededOf,
  type People,
  type Person,
  rightOf,
  type Yes,
} from "./approvers.ts";

/** The rules of approving, held against the database's own: for any people, rights and decisions they agree. */

const PROJECT = "acme";
const NAMES = ["ada", "bob", "cid", "dan", "eve"] as const;
const GROUPS = ["dba", "ops"] as const;

let reading: Reading;
let client: Client;
let approvalId: string;
let runId: string;

beforeAll(async () => {
  reading = await openReading();
  await reading.seed(async (tx) => {
    await seedProject(tx, { project_id: PROJECT });
    const { revision_id } = await seedRevision(tx, { project_id: PROJECT });
    const run = await seedRun(tx, { project_id: PROJECT, revision_id });
    runId = run.run_id;
    approvalId = (await seedApproval(tx, run)).approval_id;
  });
  client = new Client({ connectionString: reading.url });
  await client.connect();
  await client.query("set search_path = awooop");
});
afterAll(async () => {
  await client?.end();
  await reading?.close();
});

interface World {
  rule: ApproverRule;
  members: Person[];
  lent: Omit<Lent, "delegation_id">[];
  /** Who says yes, one after the other. */
  deciders: string[];
}

const name = fc.constantFrom(...NAMES);
/** Half of them are in groups more often than not, the others have to be lent a right. */
const inGroups = fc.constantFrom("ada", "bob", "cid");
const perhaps = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null });
const worlds: fc.Arbitrary<World> = fc.record({
  rule: fc.record({
    groups: fc.constantFrom(["dba"], ["dba"], ["dba", "ops"], null),
    quorum: fc.constantFrom(1, 1, 1, 2),
    twoPerson: fc.boolean(),
    editorCounts: fc.boolean(),
    requestedBy: perhaps(name),
    contractAuthor: fc.constantFrom(null, null, "ada", "bob"),
    editedBy: fc.constantFrom(null, null, "bob", "cid"),
  }),
  members: fc
    .uniqueArray(
      fc.record({
        member_id: name,
        role: fc.constantFrom("operator", "operator", "operator", "admin", "viewer"),
        groups: fc.subarray<string>([...GROUPS]),
        is_active: fc.constantFrom(true, true, true, true, true, false),
      }),
      {
        selector: ({ member_id }) => member_id,
        minLength: 3,
        maxLength: NAMES.length,
        size: "max",
      },
    )
    .map((members) =>
      members.map((of) => {
        const isIn = ["ada", "bob", "cid"].includes(of.member_id);
        return isIn
          ? { ...of, groups: [...new Set([...of.groups, "dba"])] }
          : { ...of, groups: of.groups.slice(1) };
      }),
    ),
  lent: fc.array(
    fc.record({
      delegated_by: inGroups,
      delegated_to: fc.constantFrom("dan", "eve", "dan", "eve", "ada", "bob"),
      group_name: fc.constantFrom(null, null, ...GROUPS),
    }),
    { minLength: 2, maxLength: 6, size: "max" },
  ),
  deciders: fc.array(fc.constantFrom(...NAMES, "dan", "eve", "dan", "eve"), {
    minLength: 3,
    maxLength: 8,
    size: "max",
  }),
});

/** Puts the people and the rule there; what can't be lent is left out. */
async function arrange({ rule, members, lent }: World): Promise<People> {
  for (const { member_id, role, groups, is_active } of members) {
    await client.query(
      `insert into members (project_id, member_id, display_name, role, groups, is_active, created_by)
       values ($1, $2, $2, $3, $4, $5, 'test')`,
      [PROJECT, member_id, role, groups, is_active],
    );
  }
  const known = new Set(members.map(({ member_id }) => member_id));
  const standing: Lent[] = [];
  for (const { delegated_by, delegated_to, group_name } of lent) {
    if (delegated_by === delegated_to || !known.has(delegated_by) || !known.has(delegated_to))
      continue;
    const of = { delegation_id: newId(), delegated_by, delegated_to, group_name };
    await client.query(
      `insert into delegations (project_id, delegation_id, delegated_by, delegated_to, group_name, ends_at, created_by)
       values ($1, $2, $3, $4, $5, clock_timestamp() + interval '1 day', 'test')`,
      [PROJECT, of.delegation_id, delegated_by, delegated_to, group_name],
    );
    standing.push(of);
  }
  await client.query(
    `update approvals set approver_group = $2, quorum = $3, two_person = $4, editor_counts = $5, requested_by = $6,
       contract_author = $7, edited_by = $8, escalated_groups = $9 where approval_id = $1`,
    [
      ...[approvalId, rule.groups?.[0] ?? null, rule.quorum, rule.twoPerson, rule.editorCounts],
      ...[rule.requestedBy, rule.contractAuthor, rule.editedBy, rule.groups?.slice(1) ?? []],
    ],
  );
  const deciders = members.filter(({ is_active, role }) => is_active && role !== "viewer").length;
  return { deciders, members: new Map(members.map((of) => [of.member_id, of])), lent: standing };
}

/** Whether the database lets a statement pass; only then, and only where it is to stay, its work stays. */
async function passes(statement: string, values: unknown[], stays: boolean): Promise<boolean> {
  await client.query("savepoint trial");
  try {
    await client.query(statement, values);
    if (!stays) await client.query("rollback to trial");
    return true;
  } catch (error) {
    expect((error as { code: string }).code).toMatch(/^23/);
    await client.query("rollback to trial");
    return false;
  }
}

function inserts(actor: string, countsFor: string, delegationId: string | null, stays: boolean) {
  return passes(
    `insert into approval_decisions (decision_id, project_id, approval_id, run_id, actor_kind, actor_id, via_key_id,
       decision, surface, counts_for, delegation_id)
     values ($1, $2, $3, $4, 'key', $5, 'k', 'approve', 'sql', $6, $7)`,
    [newId(), PROJECT, approvalId, runId, actor, countsFor, delegationId],
    stays,
  );
}

const completes = () =>
  passes(
    "update approvals set status = 'approved', token = 't' where approval_id = $1",
    [approvalId],
    false,
  );

it("who may approve, and when it is enough, is the same to the rules and to the database", async () => {
  let approved = 0;
  let lentUsed = 0;
  await fc.assert(
    fc.asyncProperty(worlds, async (world) => {
      await client.query("begin; set local role awooop_platform");
      try {
        const people = await arrange(world);
        const given: Yes[] = [];
        for (const id of world.deciders) {
          const right = rightOf(world.rule, people, given, { id, role: "operator" });
          const lent = people.lent.filter(({ delegated_to }) => delegated_to === id);
          const ways: [string, string | null][] = [
            [id, null],
            ...lent.map((of): [string, string] => [of.delegated_by, of.delegation_id]),
          ];
          const open: boolean[] = [];
          for (const [countsFor, delegationId] of ways)
            open.push(await inserts(id, countsFor, delegationId, false));
          expect(open.some(Boolean), JSON.stringify({ id, right, ways })).toBe(!isRefused(right));
          if (isRefused(right)) continue;
          expect(await inserts(id, right.countsFor, right.delegationId, true)).toBe(true);
          given.push({ actor_id: id, counts_for: right.countsFor });
          if (right.delegationId !== null) lentUsed += 1;
          const isEnough = given.length >= neededOf(world.rule, people);
          expect(await completes()).toBe(isEnough);
          if (isEnough) approved += 1;
        }
      } finally {
        await client.query("rollback");
      }
    }),
    { numRuns: 60, seed: 20261128, endOnFailure: true },
  );
  // Else nothing was shown.
  expect(approved).toBeGreaterThan(10);
  expect(lentUsed).toBeGreaterThan(5);
});
