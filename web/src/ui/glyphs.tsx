import type { ReactNode } from "react";
import { cx } from "./cx.ts";

// 16 × 16, stroked. Circle is the machine, diamond a person, ✕ stopped; hollow open, filled done.
const DIAMOND = "M8 1.8 14.2 8 8 14.2 1.8 8Z";

const SHAPES = {
  pending: <circle cx="8" cy="8" r="5.25" />,
  running: (
    <>
      <circle cx="8" cy="8" r="5.25" opacity=".28" />
      <path className="spin" d="M8 2.75A5.25 5.25 0 0 1 13.25 8" strokeWidth="2.2" />
    </>
  ),
  waiting: <path d={DIAMOND} strokeWidth="1.7" />,
  granted: <path className="on-you" d={DIAMOND} strokeWidth="1.7" />,
  refused: (
    <>
      <path d={DIAMOND} strokeWidth="1.7" />
      <path d="M4.9 11.1 11.1 4.9" strokeWidth="1.7" />
    </>
  ),
  completed: (
    <>
      <circle className="solid" cx="8" cy="8" r="6" />
      <path className="on-canvas" d="m5.3 8.2 1.9 1.9 3.6-4" strokeWidth="1.8" />
    </>
  ),
  failed: (
    <>
      <rect className="solid" x="2" y="2" width="12" height="12" rx="1" />
      <path className="on-canvas" d="m5.4 5.4 5.2 5.2m0-5.2-5.2 5.2" strokeWidth="1.8" />
    </>
  ),
  cancelled: (
    <>
      <circle cx="8" cy="8" r="5.25" />
      <path d="m4.4 11.6 7.2-7.2" />
    </>
  ),
  clock: (
    <>
      <circle cx="8" cy="8" r="5.75" />
      <path d="M8 4.6V8l2.6 1.8" />
    </>
  ),
  search: (
    <>
      <circle cx="7" cy="7" r="4.5" />
      <path d="m10.5 10.5 3.5 3.5" />
    </>
  ),
  runs: <path d="M2 4.5h5M2 8h9M5 11.5h9" />,
  approvals: <path d={DIAMOND} />,
  overview: (
    <>
      <path d="M2.5 12.5a6 6 0 1 1 11 0" />
      <path d="m8 10.5 2.6-3.6" />
    </>
  ),
  contracts: (
    <>
      <path d="M3.5 1.75h6l3 3v9.5h-9Z" />
      <path d="M6 7.5h4M6 10.5h4" />
    </>
  ),
  tools: <path d="M5.5 2v3.5m5-3.5v3.5M3.5 5.5h9v2a4.5 4.5 0 0 1-9 0ZM8 12v2.25" />,
  channels: <path d="M2 5.5h10m-3-3 3 3-3 3M14 10.5H4m3-3-3 3 3 3" />,
  events: (
    <>
      <path d="M2 9.5h3l1.2 2h3.6l1.2-2h3" />
      <path d="M2 9.5v4h12v-4L11.5 3" />
      <path d="M8 1.75v5m-2-2 2 2 2-2" />
    </>
  ),
  tenants: <path d="M2.5 14V5.5L8 2.25l5.5 3.25V14M6 14v-3.5h4V14" />,
  members: (
    <>
      <circle cx="6" cy="5.5" r="2.75" />
      <path d="M1.5 13.5c.4-2.6 2.2-4 4.5-4s4.1 1.4 4.5 4M11 3.2a2.6 2.6 0 0 1 0 4.6m1.2 2.1c1.3.6 2.1 1.8 2.3 3.6" />
    </>
  ),
  audit: (
    <>
      <path d="M3 2.25h10M3 6h10M3 9.75h4.5" />
      <path d="m9.25 12 1.75 1.75L14.25 10.5" />
    </>
  ),
  freeze: (
    <>
      <path d="M5.4 1.75h5.2l3.65 3.65v5.2l-3.65 3.65H5.4L1.75 10.6V5.4Z" />
      <path d="M8 4.75v4M8 11.1v.05" strokeWidth="1.8" />
    </>
  ),
  person: (
    <>
      <circle cx="8" cy="5" r="2.75" />
      <path d="M2.75 14c.4-3 2.4-4.5 5.25-4.5s4.85 1.5 5.25 4.5" />
    </>
  ),
  plus: <path d="M8 3v10M3 8h10" />,
  shield: (
    <path d="M8 1.75 13.25 3.75V8c0 3.1-2.2 5.2-5.25 6.25C4.95 13.2 2.75 11.1 2.75 8V3.75Z" />
  ),
  filter: <path d="M2 4h12M4.5 8h7M6.5 12h3" />,
  columns: (
    <>
      <rect x="2" y="2.75" width="12" height="10.5" rx="1" />
      <path d="M6.5 2.75v10.5M10.25 2.75v10.5" />
    </>
  ),
  theme: (
    <>
      <circle cx="8" cy="8" r="5.75" />
      <path className="solid" d="M8 2.25a5.75 5.75 0 0 1 0 11.5Z" />
    </>
  ),
  more: <path d="M3 8h.01M8 8h.01M13 8h.01" strokeWidth="2.6" />,
  inbound: <path d="M8 1.75v7.5m-3-3 3 3 3-3M2.25 10v3.75h11.5V10" />,
  outbound: <path d="M8 9.75v-8m-3 3 3-3 3 3M2.25 10v3.75h11.5V10" />,
  start: <path d="M4.5 2.5 12.5 8l-8 5.5Z" />,
  step: <path d="M8 1.75v4M8 5.75 3.5 9.5v4.25M8 5.75l4.5 3.75v4.25" />,
  read: (
    <>
      <path d="M1.5 8S3.75 3.75 8 3.75 14.5 8 14.5 8 12.25 12.25 8 12.25 1.5 8 1.5 8Z" />
      <circle cx="8" cy="8" r="1.9" />
    </>
  ),
  write: (
    <>
      <path d="m10.25 2.75 3 3-7.75 7.75-3.5.5.5-3.5Z" />
      <path d="m8.5 4.5 3 3" />
    </>
  ),
  copy: (
    <>
      <rect x="5.5" y="5.5" width="8" height="8.25" rx="1" />
      <path d="M3.5 10.5h-1V2.25h8v1.25" />
    </>
  ),
  down: <path d="m4.5 6.5 3.5 3.5 3.5-3.5" />,
  up: <path d="m4.5 9.5 3.5-3.5 3.5 3.5" />,
  back: <path d="M9.5 4 5.5 8l4 4" />,
  right: <path d="m6.5 4 4 4-4 4" />,
  updown: <path d="m5 6 3-3 3 3M5 10l3 3 3-3" />,
  close: <path d="m4.25 4.25 7.5 7.5m0-7.5-7.5 7.5" />,
  check: <path d="m3 8.5 3.25 3.25L13 4.75" />,
  alert: (
    <>
      <path d="M8 2 14.5 13.5h-13Z" />
      <path d="M8 6.5v3M8 11.5v.05" strokeWidth="1.8" />
    </>
  ),
  download: <path d="M8 2v8m-3-3 3 3 3-3M2.5 13.5h11" />,
  retry: <path d="M13 8a5 5 0 1 1-1.6-3.7L13.25 6m.25-3.75V6H9.75" />,
  link: (
    <>
      <path d="M6.75 9.25a2.75 2.75 0 0 0 3.9 0l2-2a2.76 2.76 0 0 0-3.9-3.9l-.75.75" />
      <path d="M9.25 6.75a2.75 2.75 0 0 0-3.9 0l-2 2a2.76 2.76 0 0 0 3.9 3.9l.75-.75" />
    </>
  ),
  undo: (
    <>
      <path d="M6 3 2.75 6.25 6 9.5" />
      <path d="M3 6.25h6.25a3.875 3.875 0 0 1 0 7.75H6" />
    </>
  ),
  noundo: (
    <>
      <path d="M6 3 2.75 6.25 6 9.5" />
      <path d="M3 6.25h6.25a3.875 3.875 0 0 1 0 7.75H6" />
      <path className="on-canvas" d="M13.5 2.5 4 14.5" strokeWidth="4" />
      <path d="M13.5 2 3.5 14.5" />
    </>
  ),
  host: (
    <>
      <rect x="2.25" y="2.5" width="11.5" height="4.5" rx="1" />
      <rect x="2.25" y="9" width="11.5" height="4.5" rx="1" />
      <path d="M4.75 4.75h.01M4.75 11.25h.01" strokeWidth="2" />
    </>
  ),
} satisfies Record<string, ReactNode>;

export type GlyphName = keyof typeof SHAPES;

/** Decoration beside words; `label` only where no words stand beside it. */
export function Glyph(props: { name: GlyphName; className?: string; label?: string }) {
  const described = props.label
    ? ({ role: "img", "aria-label": props.label } as const)
    : ({ "aria-hidden": true } as const);
  return (
    // biome-ignore lint/a11y/noSvgWithoutTitle: described by its label, or hidden beside words
    <svg className={cx("g", props.className)} viewBox="0 0 16 16" {...described}>
      {SHAPES[props.name]}
    </svg>
  );
}
