import type { ReactNode } from "react";
import { usePreferences } from "../app/preferences.ts";
import { cx } from "./cx.ts";

/** A key beside the control it presses; hidden where single keys are switched off. */
export function Kbd(props: { children: ReactNode }) {
  if (!usePreferences().shortcuts) return null;
  // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a kbd takes no focus
  return <kbd aria-hidden="true">{props.children}</kbd>;
}

export function Tag(props: { tone?: "write" | "shadow-run" | "stopped"; children: ReactNode }) {
  return <span className={cx("tag", props.tone)}>{props.children}</span>;
}

/** Time left as a line; dashed and red below a fifth. The words beside it carry the meaning. */
export function Fuse(props: { from: number; until: number; now: number; className?: string }) {
  const share = Math.min(
    1,
    Math.max(0, (props.until - props.now) / Math.max(1, props.until - props.from)),
  );
  return (
    <span className={cx("fuse", share < 0.2 && "is-short", props.className)} aria-hidden="true">
      <i style={{ width: `${share * 100}%` }} />
    </span>
  );
}

export function Segment<T extends string>(props: {
  label: string;
  value: T;
  options: readonly { value: T; label: string }[];
  onChange: (value: T) => void;
  className?: string;
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset can't be laid out inline in every browser
    <div className={cx("seg", props.className)} role="group" aria-label={props.label}>
      {props.options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === props.value}
          onClick={() => props.onChange(option.value)}
        >
          {option.label}
        </button>
      ))}
    </div>
  );
}
