import type { CompiledQuery, RawBuilder } from "kysely";
import { sql } from "kysely";
import type { Tx } from "./transaction.ts";

/** Stands in a query's parameters for a value that comes later. */
class Slot {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/**
 * A query whose text never changes, for what is asked again and again: it is put together once, and then run with other
 * values.
 *
 * @param build makes the query; a value that comes with each run stands in it as `slot(name)`, with a cast where
 *   PostgreSQL can't tell its type
 */
export function fixedQuery<V extends Record<string, unknown>, R>(
  build: (slot: (name: keyof V & string) => RawBuilder<unknown>) => RawBuilder<R>,
): (tx: Tx, values: V) => Promise<R[]> {
  let compiled: CompiledQuery<R> | undefined;
  return async (tx, values) => {
    compiled ??= build((name) => sql`${new Slot(name)}`).compile(tx);
    const parameters = compiled.parameters.map((parameter) =>
      parameter instanceof Slot ? values[parameter.name] : parameter,
    );
    const query: CompiledQuery<R> = { ...compiled, parameters };
    return (await tx.executeQuery(query)).rows;
  };
}
