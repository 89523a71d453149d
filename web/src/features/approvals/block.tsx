import { type ReactNode, useId } from "react";

/** A titled part of a question. */
export function Block(props: {
  title: string;
  aside?: ReactNode;
  className?: string;
  children: ReactNode;
}) {
  const title = useId();
  return (
    <section className={`blk ${props.className ?? ""}`} aria-labelledby={title}>
      <div className="hd">
        <h2 id={title}>{props.title}</h2>
        {props.aside}
      </div>
      {props.children}
    </section>
  );
}
