import pg from "pg";
import { withClient } from "./server.ts";

/** A statement as the server sent it, with its values. */
interface Sent {
  text: string;
  values: unknown[];
}

interface PlanNode {
  "Node Type": string;
  "Relation Name"?: string;
  "Index Name"?: string;
  "Index Cond"?: string;
  Plans?: PlanNode[];
}

/**
 * Notes every statement that is sent in this process while `work` runs, in the order in which they are sent; `work` has one
 * transaction at a time.
 */
export async function statementsOf(work: () => Promise<unknown>): Promise<Sent[]> {
  const sent: Sent[] = [];
  const { query } = pg.Client.prototype;
  const noting = function (this: pg.Client, ...given: unknown[]) {
    const [what, values] = given as [string | { text: string; values?: unknown[] }, unknown[]?];
    if (typeof what === "string") sent.push({ text: what, values: values ?? [] });
    else sent.push({ text: what.text, values: what.values ?? [] });
    return Reflect.apply(query, this, given);
  };
  pg.Client.prototype.query = noting as typeof query;
  try {
    await work();
  } finally {
    pg.Client.prototype.query = query;
  }
  return sent;
}

const IS_CONTROL = /^\s*(begin|set|commit|rollback)\b/i;

/**
 * How the database runs the statements: sent again in the same order, with the same rights and settings, each explained
 * instead of run. (Those that are explanations themselves are left out.)
 */
export async function plansOf(url: string, sent: readonly Sent[]): Promise<PlanNode[]> {
  return withClient(url, async (client) => {
    const plans: PlanNode[] = [];
    for (const { text, values } of sent) {
      if (IS_CONTROL.test(text)) {
        await client.query(text);
      } else if (!/^\s*explain\b/i.test(text)) {
        const execute = values.length > 0 ? `sent (${values.map(literal).join(", ")})` : "sent";
        await client.query(`prepare sent as ${text}`);
        const { rows } = await client.query(`explain (format json) execute ${execute}`);
        await client.query("deallocate sent");
        plans.push(rows[0]["QUERY PLAN"][0].Plan);
      }
    }
    return plans;
  });
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return "null";
  const text = Array.isArray(value)
    ? `{${value.map((one) => JSON.stringify(one)).join(",")}}`
    : value;
  return pg.escapeLiteral(String(text));
}

/** Indexes of the few rows that something is happening to right now; reading one whole is what it is for. */
const OF_FEW_ROWS = new Set(["mcp_calls_executing", "outbound_messages_due"]);

/** What the plans read of these tables without knowing where: as a whole, or a whole index of them. */
export function blindReads(plans: readonly PlanNode[], tables: readonly string[]): string[] {
  return plans.flatMap((node) => {
    const table = node["Relation Name"];
    const isIndexScan = /^Index (Only )?Scan/.test(node["Node Type"]);
    const isBlind =
      node["Node Type"] === "Seq Scan" ||
      (isIndexScan &&
        node["Index Cond"] === undefined &&
        !OF_FEW_ROWS.has(node["Index Name"] ?? ""));
    const below = blindReads(node.Plans ?? [], tables);
    return isBlind && table !== undefined && tables.includes(table)
      ? [`${node["Node Type"]} on ${table}`, ...below]
      : below;
  });
}
