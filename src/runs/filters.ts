import { type RawBuilder, sql } from "kysely";
import { isUuid } from "../platform/ids.ts";
import type { RunListQuery } from "./list-contract.ts";

/** What a list of runs, or an action on many, can be narrowed to. */
export type RunFilters = Pick<
  RunListQuery,
  "state" | "agent_id" | "is_shadow" | "trigger_type" | "created_after" | "created_before" | "q"
>;

/** The condition that the filters make, over the columns of `runs`; everything but the project and `q`. */
export function plainFilters(query: RunFilters): RawBuilder<unknown> {
  const parts = [sql`true`];
  if (query.state !== undefined) parts.push(sql`state = ${query.state}`);
  if (query.agent_id !== undefined) parts.push(sql`agent_id = ${query.agent_id}`);
  if (query.is_shadow !== undefined) parts.push(sql`is_shadow = ${query.is_shadow === "true"}`);
  if (query.trigger_type !== undefined) parts.push(sql`trigger_type = ${query.trigger_type}`);
  if (query.created_after !== undefined) {
    parts.push(sql`created_at >= ${query.created_after}::timestamptz`);
  }
  if (query.created_before !== undefined) {
    parts.push(sql`created_at < ${query.created_before}::timestamptz`);
  }
  return sql.join(parts, sql` and `);
}

/** What `q` can name exactly: each is a condition that an index serves. */
export function exactMatches(q: string): RawBuilder<unknown>[] {
  const matches = [sql`trigger_ref = ${q}`, sql`error_code = ${q}`];
  if (/^[0-9a-f]{32}$/.test(q)) matches.push(sql`trace_id = ${q}`);
  const range = idRange(q);
  if (range) matches.push(sql`run_id between ${range.from}::uuid and ${range.to}::uuid`);
  return matches;
}

const NO_DIGITS = "________-____-____-____-____________";

/** The run ids that begin with `prefix`; undefined when it is not the beginning of a UUID, or too short to name one. */
function idRange(prefix: string): { from: string; to: string } | undefined {
  const text = prefix.toLowerCase() + NO_DIGITS.slice(prefix.length);
  const from = text.replaceAll("_", "0");
  if (prefix.length < 4 || prefix.includes("_") || !isUuid(from)) return undefined;
  return { from, to: text.replaceAll("_", "f") };
}
