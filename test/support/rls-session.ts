import { Client, type DatabaseError } from "pg";
import type { Role } from "./rls-cases.ts";

/** Whose rights a statement runs with: a role and, for the scoped ones, its projects (undefined: never set). */
export interface As {
  role: Role;
  projects?: string | undefined;
}

/** What became of a statement. */
export type Outcome =
  | { rows: Record<string, unknown>[]; count: number }
  /** `grant`: the role may not do this at all; `row`: a policy refused the row; else PostgreSQL's code. */
  | { refused: "grant" | "row" | string };

export const NO_GRANT = { refused: "grant" };
export const NO_ROW = { refused: "row" };

/** A connection on which statements run as a run-time role and leave nothing behind. */
export interface RlsSession {
  /** As the login that owns the database: to look at the catalog. */
  client: Client;
  /**
   * Runs one statement as a run-time role and takes back what it did.
   *
   * @param beforehand statements of the schema's owner, which are taken back as well
   */
  run(as: As, text: string, values?: unknown[], beforehand?: readonly string[]): Promise<Outcome>;
  close(): Promise<void>;
}

export async function openRlsSession(url: string): Promise<RlsSession> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return {
    client,
    async run(as, text, values = [], beforehand = []) {
      await client.query("begin");
      try {
        await client.query("set local role awooop_owner");
        for (const statement of beforehand) await client.query(statement);
        await client.query(`set local role awooop_${as.role}`);
        if (as.projects !== undefined) {
          await client.query("select set_config('awooop.projects', $1, true)", [as.projects]);
        }
        const result = await client.query(text, values);
        return { rows: result.rows, count: result.rowCount ?? 0 };
      } catch (error) {
        const { code, message } = error as DatabaseError;
        if (code !== "42501") return { refused: code ?? message };
        return { refused: message.includes("row-level security") ? "row" : "grant" };
      } finally {
        await client.query("rollback");
      }
    },
    close: () => client.end(),
  };
}
