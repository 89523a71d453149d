import { partsOf } from "./unbroken.ts";

/** A sentence whose short names (hosts, paths) are never torn apart at the end of a line. */
export function Sentence(props: { text: string }) {
  return partsOf(props.text).map((part) =>
    part.isName ? (
      <span key={part.at} className="whitespace-nowrap">
        {part.text}
      </span>
    ) : (
      part.text
    ),
  );
}
