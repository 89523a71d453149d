import type { ReactNode } from "react";

/** A strip of labels and values; on a phone in two columns. */
export function Facts(props: { children: ReactNode }) {
  return <dl className="facts is-even">{props.children}</dl>;
}

export function Fact(props: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}
