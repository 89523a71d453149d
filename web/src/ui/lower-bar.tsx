import { type ReactNode, useLayoutEffect } from "react";

type Kind = "bar" | "many-runs";

const there: Record<Kind, number> = { bar: 0, "many-runs": 0 };

function add(kind: Kind, by: 1 | -1): void {
  there[kind] += by;
  document.documentElement.classList.toggle(`has-${kind}`, there[kind] > 0);
}

/**
 * A bar at the lower edge; what else lies there makes room by the class `has-…` of the root. With `:has()` of the root
 * instead, the browser styles half of the page anew whenever anything comes into it, as rows do while one scrolls.
 */
export function LowerBar(props: { kind: Kind; label: string; children: ReactNode }) {
  const { kind } = props;
  useLayoutEffect(() => {
    add(kind, 1);
    return () => add(kind, -1);
  }, [kind]);
  return (
    <section className={kind} aria-label={props.label}>
      {props.children}
    </section>
  );
}
