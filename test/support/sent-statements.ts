import pg from "pg";
import { SETTINGS } from "../../src/platform/database/transaction.ts";
import { withClient } from "./server.ts";

/** A statement as the server sent it, with its values; a name where the connection keeps it prepared. */
export interface Sent {
  text: string;
  values: unknown[];
  name?: string;
}

interface PlanNode {
  "Node Type": string;
  "Relation Name"?: string;
  "Index Name"?: string;
  "Index Cond"?: string;
  Plans?: PlanNode[];
}

/** What the driver's connection is told to send. Its types leave it out. */
interface Wire {
  parsedStatements: Record<string, string>;
  submittedNamedStatements: Record<string, string>;
  query(text: string): void;
  parse(statement: { text: string; name?: string }, ...more: unknown[]): void;
  bind(statement: { statement?: string; values?: unknown[] }, ...more: unknown[]): void;
}

const { prototype: wire } = (pg as unknown as { Connection: { prototype: Wire } }).Connection;

/**
 * Notes every statement that is sent in this process while `work` runs, in the order in which they are sent; `work` has one
 * transaction at a time.
 */
export async function statementsOf(work: () => Promise<unknown>): Promise<Sent[]> {
  const sent: Sent[] = [];
  const { query, parse, bind } = wire;
  let unnamed = "";
  wire.query = function (text) {
    sent.push({ text, values: [] });
    query.call(this, text);
  };
  wire.parse = function (statement, ...more) {
    unnamed = statement.text;
    parse.call(this, statement, ...more);
  };
  wire.bind = function (statement, ...more) {
    const { statement: name, values = [] } = statement;
    const named = name && (this.parsedStatements[name] ?? this.submittedNamedStatements[name]);
    sent.push({ text: named || unnamed, values, ...(name ? { name } : {}) });
    bind.call(this, statement, ...more);
  };
  try {
    await work();
  } finally {
    Object.assign(wire, { query, parse, bind });
  }
  return sent;
}

const IS_CONTROL = /^\s*(begin|set|commit|rollback|select set_config)\b/i;

/**
 * How the database runs the statements: sent again in the same order, with the same rights and settings, each explained
 * instead of run. (Those that are explanations themselves are left out.)
 */
export async function plansOf(url: string, sent: readonly Sent[]): Promise<PlanNode[]> {
  return withClient(url, async (client) => {
    const plans: PlanNode[] = [];
    await client.query(SETTINGS);
    for (const { text, values } of sent) {
      if (IS_CONTROL.test(text)) {
        await client.query(text, values);
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
