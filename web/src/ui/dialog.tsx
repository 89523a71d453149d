import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { cx } from "./cx.ts";
import { useReturnFocus } from "./return-focus.ts";

interface DialogProps {
  title: ReactNode;
  onClose: () => void;
  children: ReactNode;
  wide?: boolean;
}

/**
 * A modal dialog. The veil is our own element and not Radix's overlay: that one locks scrolling with an
 * inline style sheet, which the content security policy forbids.
 */
export function Dialog(props: DialogProps) {
  const returnFocus = useReturnFocus();
  return (
    <Radix.Root open onOpenChange={(open) => !open && props.onClose()}>
      <Radix.Portal>
        <div className="veil" data-layer="dialog">
          <Radix.Content
            className={cx("dialog", props.wide && "is-wide")}
            aria-describedby={undefined}
            onCloseAutoFocus={returnFocus}
          >
            <Radix.Title asChild>
              <h2>{props.title}</h2>
            </Radix.Title>
            {props.children}
          </Radix.Content>
        </div>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** Details on a narrow screen: from below, or from the right where there is room. */
export function Sheet(props: { title: string; onClose: () => void; children: ReactNode }) {
  const returnFocus = useReturnFocus();
  return (
    <Radix.Root open onOpenChange={(open) => !open && props.onClose()}>
      <Radix.Portal>
        <div data-layer="dialog">
          <div className="sheet-veil" />
          <Radix.Content
            className="sheet"
            aria-describedby={undefined}
            onCloseAutoFocus={returnFocus}
          >
            <Radix.Title className="sr-only">{props.title}</Radix.Title>
            {props.children}
          </Radix.Content>
        </div>
      </Radix.Portal>
    </Radix.Root>
  );
}
