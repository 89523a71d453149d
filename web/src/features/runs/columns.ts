import { useState } from "react";
import { recall, remember } from "../../app/storage.ts";

/** The columns that can be put away; state and title always stand. */
export const COLUMNS = ["last_call", "took", "cost", "started", "id"] as const;
export type Column = (typeof COLUMNS)[number];

const KEPT_AS = "awooop.runs.hidden";

/** Reads which columns are put away, leniently: what it does not know is left out. */
export const readHidden = (text: string | null): Column[] =>
  COLUMNS.filter((column) => (text ?? "").split(" ").includes(column));

/** Which columns are shown, remembered in this browser. */
export function useColumns() {
  const [hidden, setHidden] = useState(() => readHidden(recall(KEPT_AS)));
  const toggle = (column: Column) => {
    const next = COLUMNS.filter((each) =>
      each === column ? !hidden.includes(each) : hidden.includes(each),
    );
    remember(KEPT_AS, next.length === 0 ? null : next.join(" "));
    setHidden(next);
  };
  return { hidden, toggle };
}
