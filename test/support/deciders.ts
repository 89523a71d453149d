import { expect } from "vitest";
import { approvalListRoutes } from "../../src/approvals/index.ts";
import { memberRoutes } from "../../src/identity/index.ts";
import { createCursors } from "../../src/platform/http/index.ts";
import type { RunRow } from "../../src/runs/index.ts";
import { PROJECT, type ShopBench, waiting } from "./calls.ts";
import { ask, caller } from "./fixtures.ts";

/** Somebody who decides with a key of their own, an operator's unless said otherwise. */
export const as = (id: string, more: object = {}) => ({
  approver: { kind: "key", id } as const,
  role: "operator" as const,
  ...more,
});

export const refusedWith = (code: string, key: string) => ({ code, extra: { why: { key } } });

/** The people of a bench's project: made, lent rights, and looked at as the list of questions tells of them. */
export function decidersOn(bench: ShopBench) {
  const cursors = createCursors(new Uint8Array(32));
  const members = memberRoutes({ db: bench.deps.db, cursors });
  const questions = approvalListRoutes({ db: bench.deps.db, cursors });
  return {
    members,
    /** Makes members, each `name role groups…`. */
    async people(...given: string[]): Promise<void> {
      for (const words of given) {
        const [member_id = "", role = "operator", ...groups] = words.split(" ");
        const member = { project_id: PROJECT, member_id, display_name: member_id, role, groups };
        await bench.asTenant((tx) =>
          tx
            .insertInto("members")
            .values({ ...member, created_by: "t" })
            .execute(),
        );
      }
    },
    /** Nobody is a member any more, and nothing is lent. */
    nobody: () =>
      bench.asAdmin(`delete from approval_seen; delete from approval_decisions where delegation_id is not null;
        delete from delegations; delete from members`),
    async lend(delegated_by: string, delegated_to: string, group?: string): Promise<string> {
      const made = await ask(members, "/delegations", {
        caller: caller({ role: "admin" }),
        body: {
          ...{ project_id: PROJECT, delegated_by, delegated_to },
          ...(group === undefined ? {} : { group }),
          ends_at: new Date(Date.now() + 3_600_000).toISOString(),
        },
      });
      expect(made.status, JSON.stringify(made.body)).toBe(201);
      return made.body.delegation_id;
    },
    asked: (run: RunRow, text = "x") => waiting(bench.call(run, "echo", { text })),
    /** What decisions left, with the rule that allowed them. */
    async rowsOf(approvalId: string) {
      const rows = await bench.asTenant((tx) =>
        tx
          .selectFrom("approval_decisions")
          .select(["actor_id", "counts_for", "allowed_by"])
          .where("approval_id", "=", approvalId)
          .orderBy("decision_id")
          .execute(),
      );
      return rows.map(({ allowed_by, ...row }) => ({ ...row, ...(allowed_by as object) }));
    },
    /** The run's question as somebody's key lists it. */
    async listed(runId: string, id?: string) {
      const actor = id === undefined ? {} : { actor: { kind: "key", id } as const };
      const answer = await ask(questions, `/approvals?run_id=${runId}`, {
        caller: caller({ role: "operator", ...actor }),
      });
      expect(answer.status, JSON.stringify(answer.body)).toBe(200);
      return answer.body.approvals[0];
    },
  };
}

/** How many sessions of the bench's database wait for a lock. */
export async function lockWaiters(bench: ShopBench): Promise<number> {
  const [row] = await bench.asAdmin(
    "select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
  );
  return Number(row?.n);
}
