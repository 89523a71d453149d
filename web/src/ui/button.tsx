import { cva, type VariantProps } from "class-variance-authority";
import type { ComponentProps, MouseEvent } from "react";
import { cx } from "./cx.ts";

const button = cva("btn", {
  variants: {
    tone: { plain: "", you: "is-you", ink: "is-ink", stop: "is-stop", bare: "is-bare" },
    size: { normal: "", small: "is-small" },
    shape: { wide: "", square: "is-square" },
  },
  defaultVariants: { tone: "plain", size: "normal", shape: "wide" },
});

// One that is `disabled` loses the focus, and whoever pressed it by keyboard stands nowhere.
type ButtonProps = Omit<ComponentProps<"button">, "disabled"> & VariantProps<typeof button>;

/**
 * One filled button in a view: `you` where a person answers, `ink` elsewhere. Under `aria-disabled` pressing it does nothing,
 * and it keeps the focus.
 */
export function Button({ tone, size, shape, className, onClick, ...rest }: ButtonProps) {
  const isOff = String(rest["aria-disabled"]) === "true";
  return (
    <button
      type="button"
      className={cx(button({ tone, size, shape }), className)}
      onClick={isOff ? keepStill : onClick}
      {...rest}
    />
  );
}

const keepStill = (event: MouseEvent) => event.preventDefault();
