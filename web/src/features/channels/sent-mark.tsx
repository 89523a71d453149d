import { useWords } from "../../app/words.ts";
import { cx } from "../../ui/cx.ts";
import { Glyph, type GlyphName } from "../../ui/glyphs.tsx";
import type { OutboxMessage } from "./queries.ts";

const GLYPHS: Record<OutboxMessage["send_status"], { glyph: GlyphName; tone: string }> = {
  queued: { glyph: "clock", tone: "" },
  sent: { glyph: "completed", tone: "is-ok" },
  failed: { glyph: "failed", tone: "is-stop" },
  suppressed: { glyph: "cancelled", tone: "is-off" },
};

/** What became of a message, as a sign and a word. */
export function SentMark(props: { status: OutboxMessage["send_status"] }) {
  const { t } = useWords();
  const { glyph, tone } = GLYPHS[props.status];
  return (
    <span className={cx("state", tone)}>
      <Glyph name={glyph} />
      {t(`channels.status.${props.status}`)}
    </span>
  );
}
