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

/** A state's sign and name, said by the caller. */
export function StateSign(props: { state: RunState; name: string }) {
  return (
    <span className={`state ${props.state}`}>
      <Glyph name={STATE_GLYPH[props.state]} />
      {props.name}
    </span>
  );
}

export function StateMark(props: { state: RunState }) {
  const { t } = useTranslation();
  return <StateSign state={props.state} name={t(`state.${props.state}`)} />;
}
