import type { ReactNode } from "react";

/** Nothing is there: what it would be, and the one next step. */
export function Empty(props: { title: string; why: string; children?: ReactNode }) {
  return (
    <div className="py-4 max-w-[92ch]">
      <h2 className="text-md">{props.title}</h2>
      <p className="text-ink-2">{props.why}</p>
      {props.children && <div className="mt-3">{props.children}</div>}
    </div>
  );
}
