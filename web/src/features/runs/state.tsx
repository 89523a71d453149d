import { useTranslation } from "react-i18next";
import type { RunState } from "../../app/api.ts";
import { Glyph, type GlyphName } from "../../ui/glyphs.tsx";

const STATE_GLYPH: Record<RunState, GlyphName> = {
  pending: "pending",
  running: "running",
  waiting_approval: "waiting",
  completed: "completed",
  failed: "failed",
  cancelled: "cancelled",
  timed_out: "clock",
};

export function StateMark(props: { state: RunState }) {
  const { t } = useTranslation();
  return (
    <span className={`state ${props.state}`}>
      <Glyph name={STATE_GLYPH[props.state]} />
      {t(`state.${props.state}`)}
    </span>
  );
}
