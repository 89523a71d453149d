import type { RefObject } from "react";
import { useTranslation } from "react-i18next";

/**
 * Stands for the palette until its code is there. It takes what is typed meanwhile: those keys would else act on the
 * page below.
 */
export function PaletteComing(props: { typed: RefObject<string>; onClose: () => void }) {
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
          onKeyDown={(event) => event.key === "Escape" && props.onClose()}
        />
      </div>
    </div>
  );
}
