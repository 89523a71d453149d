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

const STEP = 11.5;

/** The plain signs, each beginning at `x`: a list has hundreds of them, so those of a row are one shape. */
const PLAIN = {
  pass: (x: number) =>
    `M${x + 3.5} 2a1 1 0 0 1 1-1h2a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1h-2a1 1 0 0 1-1-1Z`,
  off: (x: number) => `M${x + 3.7} 7a1.8 1.8 0 1 1 3.6 0a1.8 1.8 0 1 1-3.6 0Z`,
} as const;

const PLAIN_MARKS = ["pass", "off"] as const;
type PlainMark = keyof typeof PLAIN;

const isPlain = (mark: Mark): mark is PlainMark => mark in PLAIN;

/** The sign of one gate in an 11 × 14 field, to be used inside an svg. */
function PipShape(props: { mark: Mark }) {
  switch (props.mark) {
    case "pass":
    case "off":
      return <path className="solid" d={PLAIN[props.mark](0)} />;
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
      {PLAIN_MARKS.map((plain) => {
        const signs = props.marks.flatMap((mark, gate) =>
          mark === plain ? PLAIN[plain](gate * STEP) : [],
        );
        return (
          signs.length > 0 && (
            <path key={plain} className={`solid ${TONE[plain]}`} d={signs.join("")} />
          )
        );
      })}
      {props.marks.map(
        (mark, gate) =>
          !isPlain(mark) && (
            // biome-ignore lint/suspicious/noArrayIndexKey: the index is the gate
            <g key={gate} className={TONE[mark]} transform={`translate(${gate * STEP})`}>
              <PipShape mark={mark} />
            </g>
          ),
      )}
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
