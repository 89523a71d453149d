import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { useMayAct, useProject } from "../../app/use-session.ts";
import { Button } from "../../ui/button.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { askToFreeze, useFreezeWish } from "./asked.ts";

const FreezeDialog = lazy(() => import("./freeze-dialog.tsx"));

/** The kill switch: in reach on every page for those who may. */
export function FreezeButton() {
  const { t } = useTranslation();
  const project = useProject();
  const wish = useFreezeWish();
  if (!useMayAct()) return null;
  return (
    <>
      <Button className="freeze" onClick={() => askToFreeze(project ? { projectId: project } : {})}>
        <Glyph name="freeze" className="text-stop-text" />
        <span className="word">{t("freeze.open")}</span>
      </Button>
      {wish && (
        <Suspense>
          <FreezeDialog wish={wish} onClose={() => askToFreeze(undefined)} />
        </Suspense>
      )}
    </>
  );
}
