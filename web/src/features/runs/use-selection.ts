import { useCallback, useMemo, useRef, useState } from "react";
import { useMayAct } from "../../app/use-session.ts";
import { type Marked, type Marks, toggled, withAll } from "./selection.ts";

/** What a row needs to be marked; the same object while no more than marks change. */
export interface SelectionHandle {
  mayMark: boolean;
  isAll: boolean;
  toggle: (run: Marked) => void;
  /** From the row marked last to this one. */
  extend: (run: Marked) => void;
}

export interface Selection extends SelectionHandle {
  marks: Marks;
  /** All that the filters match, also those that come to match before one acts. */
  all: boolean;
  mayMarkAll: boolean;
  setAll: (on: boolean) => void;
  has: (runId: string) => boolean;
  clear: () => void;
  handle: SelectionHandle;
}

const NONE: Marks = new Map();

/**
 * The marked runs.
 *
 * @param rows those at hand, in their order
 * @param mayMarkAll whether all that match are of one project
 */
export function useSelection(rows: readonly Marked[], mayMarkAll: boolean): Selection {
  const mayMark = useMayAct();
  const [marks, setMarks] = useState(NONE);
  const [all, setAll] = useState(false);
  const last = useRef<string>(undefined);
  const atHand = useRef(rows);
  atHand.current = rows;
  const toggle = useCallback((run: Marked) => {
    last.current = run.run_id;
    setMarks((old) => toggled(old, run));
  }, []);
  const extend = useCallback((run: Marked) => {
    const at = (id: string | undefined) => atHand.current.findIndex(({ run_id }) => run_id === id);
    const [from, to] = [at(last.current ?? run.run_id), at(run.run_id)];
    last.current = run.run_id;
    const between = atHand.current.slice(Math.min(from, to), Math.max(from, to) + 1);
    setMarks((old) => withAll(old, from === -1 ? [run] : between));
  }, []);
  const handle = useMemo(
    () => ({ mayMark, isAll: all, toggle, extend }),
    [mayMark, all, toggle, extend],
  );
  const clear = useCallback(() => {
    setMarks(NONE);
    setAll(false);
  }, []);
  const has = (runId: string) => all || marks.has(runId);
  const may = mayMark && mayMarkAll;
  return { ...handle, handle, marks, all, mayMarkAll: may, setAll, has, clear };
}
