import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";
import { Glyph } from "./glyphs.tsx";

/**
 * A menu that is not modal: Radix's modal one locks scrolling with an inline style sheet, which the
 * content security policy forbids. It is not moved to the end of the body either, so that it stays in its landmark.
 */
export function Menu(props: { trigger: ReactNode; align?: "start" | "end"; children: ReactNode }) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{props.trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Content
        className="menu"
        align={props.align ?? "end"}
        sideOffset={4}
        collisionPadding={8}
        loop
      >
        {props.children}
      </DropdownMenu.Content>
    </DropdownMenu.Root>
  );
}

interface Choice<T extends string> {
  value: T;
  label: ReactNode;
  note?: ReactNode;
}

/** One of several, with a check at the one that holds. */
export function MenuChoice<T extends string>(props: {
  label: string;
  value: T;
  options: readonly Choice<T>[];
  onChange: (value: T) => void;
}) {
  return (
    <DropdownMenu.RadioGroup
      aria-label={props.label}
      value={props.value}
      onValueChange={(value) => props.onChange(value as T)}
    >
      {props.options.map((option) => (
        <DropdownMenu.RadioItem key={option.value} value={option.value}>
          {option.value === props.value ? <Glyph name="check" className="sm" /> : <span />}
          <span className="wrap-anywhere">{option.label}</span>
          <span className="text-xs text-ink-3">{option.note}</span>
        </DropdownMenu.RadioItem>
      ))}
    </DropdownMenu.RadioGroup>
  );
}
