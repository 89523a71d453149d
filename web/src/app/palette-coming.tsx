import { lazy, type RefObject, Suspense, use, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useReturnFocus } from "../ui/return-focus.ts";
import { useSignedOut } from "./signed-out.ts";

// Its code comes when one opens it; what is typed until then is kept.
const Palette = lazy(() => import("./palette.tsx").then((part) => ({ default: part.Palette })));

/** The palette, or what stands for it until its code is there; both give the focus back to what had it before either. */
export function LazyPalette(props: { onClose: () => void; onHelp: () => void }) {
  const typed = useRef("");
  const returnFocus = useReturnFocus();
  const isThere = useRef(false);
  // If it came only now, it would lie over the sign-in and take its focus.
  const isHeld = useSignedOut() && !isThere.current;
  return (
    <Suspense
      fallback={<PaletteComing typed={typed} onClose={props.onClose} onReturn={returnFocus} />}
    >
      {isHeld ? <Held /> : <Palette typed={typed} onReturn={returnFocus} {...props} />}
      <Noted in={isThere} />
    </Suspense>
  );
}

const NEVER = new Promise<never>(() => {});

/** Keeps what stands for something in its place. */
function Held() {
  return use(NEVER);
}

/** Notes that what it stands beside is there. */
function Noted(props: { in: RefObject<boolean> }) {
  const { in: noted } = props;
  useEffect(() => {
    noted.current = true;
  }, [noted]);
  return null;
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
