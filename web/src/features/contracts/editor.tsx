import { useEffect, useId, useRef } from "react";
import { useWords } from "../../app/words.ts";
import { cx } from "../../ui/cx.ts";
import type { Fault } from "./contract-text.ts";

interface EditorProps {
  label: string;
  value: string;
  faults: readonly Fault[];
  /** Where the caret is to go; each new object moves it. */
  place: { line: number } | undefined;
  onChange: (text: string) => void;
}

/** A text area as high as its text, beside line numbers on which what is wrong is marked. */
export function Editor(props: EditorProps) {
  const { t } = useWords();
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const lines = props.value.split("\n");
  const wrong = new Set(props.faults.map(({ line }) => line));
  const { place } = props;
  useEffect(() => {
    const element = area.current;
    if (!place || !element) return;
    const before = element.value.split("\n").slice(0, place.line - 1);
    const start = before.reduce((sum, line) => sum + line.length + 1, 0);
    const end = element.value.indexOf("\n", start);
    element.focus();
    element.setSelectionRange(start, end === -1 ? element.value.length : end);
  }, [place]);
  return (
    <div className="editor">
      <div className="numbers" aria-hidden="true">
        {lines.map((_, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a line is its number
          <div key={at} className={cx(wrong.has(at + 1) && "is-wrong")}>
            {wrong.has(at + 1) ? "✕ " : ""}
            {at + 1}
          </div>
        ))}
      </div>
      <textarea
        ref={area}
        aria-label={props.label}
        aria-invalid={wrong.size > 0}
        aria-describedby={`${id}how`}
        wrap="off"
        rows={lines.length + 1}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        value={props.value}
        onChange={(event) => props.onChange(event.target.value)}
      />
      <p id={`${id}how`} className="sr-only">
        {t("contracts.editor_how")}
      </p>
    </div>
  );
}
