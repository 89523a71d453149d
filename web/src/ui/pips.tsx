export type Mark = "pass" | "block" | "ask" | "would_ask" | "approved" | "rejected" | "off";

const DIAMOND = "M5.5 1.7 10.8 7 5.5 12.3.2 7Z";

const TONE: Record<Mark, string> = {
  pass: "pip-pass",
  block: "pip-stop",
  ask: "pip-you",
  would_ask: "pip-you",
  approved: "pip-you",
  rejected: "pip-stop",
  off: "pip-off",
};

/** The sign of one gate in an 11 × 14 field, to be used inside an svg. */
function PipShape(props: { mark: Mark }) {
  switch (props.mark) {
    case "pass":
      return <rect className="solid" x="3.5" y="1" width="4" height="12" rx="1" />;
    case "block":
      return <path d="m1.6 3.1 7.8 7.8m0-7.8-7.8 7.8" strokeWidth="2.3" />;
    case "ask":
      return <path d={DIAMOND} />;
    case "approved":
      return <path className="on-you" d={DIAMOND} />;
    case "rejected":
      return <path d={`${DIAMOND}M2.9 9.6l5.2-5.2`} />;
    case "would_ask":
      return <path d={DIAMOND} strokeWidth="1.5" strokeDasharray="2.2 1.6" />;
    case "off":
      return <circle className="solid" cx="5.5" cy="7" r="1.8" />;
  }
}

/** Five signs for five gates. Without `label` they only decorate words that say the same. */
export function Pips(props: { marks: readonly Mark[]; label?: string }) {
  const described = props.label
    ? ({ role: "img", "aria-label": props.label } as const)
    : ({ "aria-hidden": true } as const);
  return (
    // biome-ignore lint/a11y/noSvgWithoutTitle: described by its label, or hidden beside words
    <svg className="pips" viewBox="0 0 57 14" {...described}>
      {props.marks.map((mark, gate) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the index is the gate
        <g key={gate} className={TONE[mark]} transform={`translate(${gate * 11.5})`}>
          <PipShape mark={mark} />
        </g>
      ))}
    </svg>
  );
}

/** One gate's sign, before its words. */
export function Pip(props: { mark: Mark }) {
  return (
    <svg
      className={`pips ${TONE[props.mark]}`}
      style={{ width: 11 }}
      viewBox="0 0 11 14"
      aria-hidden="true"
    >
      <PipShape mark={props.mark} />
    </svg>
  );
}
