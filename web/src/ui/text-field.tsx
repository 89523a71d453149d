import { type ReactNode, useId } from "react";
import { cx } from "./cx.ts";

/** A line to type in, with what is wrong with it below. */
export function TextField(props: {
  label: string;
  value: string;
  onChange: (text: string) => void;
  fault?: ReactNode;
  hint?: string;
  isNumber?: boolean;
  isCode?: boolean;
  isSecret?: boolean;
  max?: number;
}) {
  const id = useId();
  const { fault } = props;
  return (
    <>
      <label htmlFor={id}>{props.label}</label>
      <input
        id={id}
        className={cx("field", props.isCode && "mono")}
        type={props.isSecret ? "password" : "text"}
        inputMode={props.isNumber ? "decimal" : "text"}
        autoComplete={props.isSecret ? "new-password" : "off"}
        spellCheck={false}
        maxLength={props.max}
        placeholder={props.hint}
        value={props.value}
        aria-invalid={fault !== undefined}
        aria-describedby={fault === undefined ? undefined : `${id}f`}
        onChange={(event) => props.onChange(event.target.value)}
      />
      {fault !== undefined && (
        <p id={`${id}f`} className="text-stop-text text-xs mt-1">
          {fault}
        </p>
      )}
    </>
  );
}
