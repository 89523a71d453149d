import { useId } from "react";

/** One of several, each with what it means. */
export function Choices<T extends string>(props: {
  label: string;
  value: T;
  options: readonly { value: T; label: string; why: string }[];
  onChange: (value: T) => void;
}) {
  const name = useId();
  return (
    <fieldset className="choices">
      <legend className="sr-only">{props.label}</legend>
      {props.options.map((option) => (
        <label key={option.value}>
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === props.value}
            onChange={() => props.onChange(option.value)}
          />
          <span>
            <b>{option.label}</b>
            <span className="block text-ink-2">{option.why}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
