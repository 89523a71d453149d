import { cva, type VariantProps } from "class-variance-authority";
import type { ComponentProps } from "react";
import { cx } from "./cx.ts";

const button = cva("btn", {
  variants: {
    tone: { plain: "", you: "is-you", ink: "is-ink", stop: "is-stop", bare: "is-bare" },
    size: { normal: "", small: "is-small" },
    shape: { wide: "", square: "is-square" },
  },
  defaultVariants: { tone: "plain", size: "normal", shape: "wide" },
});

type ButtonProps = ComponentProps<"button"> & VariantProps<typeof button>;

/** One filled button in a view: `you` where a person answers, `ink` elsewhere. */
export function Button({ tone, size, shape, className, ...rest }: ButtonProps) {
  return (
    <button type="button" className={cx(button({ tone, size, shape }), className)} {...rest} />
  );
}
