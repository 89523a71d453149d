import { type KeyboardEvent, useId } from "react";

const REASON_MAX = 4_000;

/** ⌘↵ or Ctrl+↵: goes on without leaving the field. */
const isConfirm = (event: KeyboardEvent) =>
  event.key === "Enter" && (event.metaKey || event.ctrlKey) && !event.nativeEvent.isComposing;

/** Why a person does something: words that are kept in the record. */
export function ReasonField(props: {
  value: string;
  onChange: (text: string) => void;
  label: string;
  /** What is wrong with it, if anything is. */
  missing?: string | undefined;
  max?: number;
  onConfirm: () => void;
}) {
  const id = useId();
  return (
    <>
      <label htmlFor={id}>{props.label}</label>
      <textarea
        id={id}
        className="field"
        rows={3}
        maxLength={props.max ?? REASON_MAX}
        value={props.value}
        aria-invalid={props.missing !== undefined}
        onChange={(event) => props.onChange(event.target.value)}
        onKeyDown={(event) => isConfirm(event) && props.onConfirm()}
      />
      {props.missing && (
        <p className="text-stop-text text-xs mt-1" role="alert">
          {props.missing}
        </p>
      )}
    </>
  );
}
