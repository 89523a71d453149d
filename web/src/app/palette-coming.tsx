import { lazy, type RefObject, Suspense, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useReturnFocus } from "../ui/return-focus.ts";

// Its code comes when one opens it; what is typed until then is kept.
const Palette = lazy(() => import("./palette.tsx").then((part) => ({ default: part.Palette })));

/** The palette, or what stands for it until its code is there; both give the focus back to what had it before either. */
export function LazyPalette(props: { onClose: () => void; onHelp: () => void }) {
  const typed = useRef("");
  const returnFocus = useReturnFocus();
  return (
    <Suspense
      fallback={<PaletteComing typed={typed} onClose={props.onClose} onReturn={returnFocus} />}
    >
      <Palette typed={typed} onReturn={returnFocus} {...props} />
    </Suspense>
  );
}

/**
 * Stands for the palette until its code is there. It takes what is typed meanwhile: those keys would else act on the
 * page below.
 */
function PaletteComing(props: {
  typed: RefObject<string>;
  onClose: () => void;
  onReturn: (event: Event) => void;
}) {
  const { t } = useTranslation();
  return (
    <div className="veil is-high" data-layer="dialog">
      <div className="dialog palette">
        <input
          className="field"
          ref={(input) => input?.focus()}
          aria-label={t("palette.title")}
          placeholder={t("palette.placeholder")}
          onChange={(event) => {
            props.typed.current = event.target.value;
          }}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            event.currentTarget.blur();
            props.onReturn(event.nativeEvent);
            props.onClose();
          }}
        />
      </div>
    </div>
  );
}
