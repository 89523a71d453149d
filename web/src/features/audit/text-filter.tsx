import { useEffect, useId, useState } from "react";
import { useSettled } from "../../ui/use-settled.ts";

const PAUSE_MS = 300;

/** A filter that is typed; it is asked for when the typing pauses. */
export function TextFilter(props: {
  label: string;
  value: string;
  onChange: (value: string) => void;
}) {
  const id = useId();
  const [text, setText] = useState(props.value);
  const settled = useSettled(text.trim(), PAUSE_MS);
  const { value, onChange } = props;
  useEffect(() => setText(value), [value]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what was typed is asked for
  useEffect(() => {
    if (settled !== value && settled === text.trim()) onChange(settled);
  }, [settled]);
  return (
    <label className="search is-short" htmlFor={id}>
      <span className="text-ink-3">{props.label}</span>
      <input
        id={id}
        type="search"
        maxLength={128}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
    </label>
  );
}
