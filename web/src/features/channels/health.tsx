import { useNow } from "../../app/clock.ts";
import { useWords } from "../../app/words.ts";
import { cx } from "../../ui/cx.ts";
import { Glyph, type GlyphName } from "../../ui/glyphs.tsx";
import type { ChannelSummary } from "./queries.ts";

const GLYPHS: Record<ChannelSummary["health"]["code"], { glyph: GlyphName; tone: string }> = {
  ok: { glyph: "completed", tone: "is-ok" },
  unused: { glyph: "pending", tone: "is-off" },
  not_receiving: { glyph: "failed", tone: "is-stop" },
  refusing: { glyph: "cancelled", tone: "is-stop" },
  failing: { glyph: "failed", tone: "is-stop" },
};

/** How a channel is, as a sign and a word. */
export function HealthMark(props: { health: ChannelSummary["health"] }) {
  const { t } = useWords();
  const { code } = props.health;
  return (
    <span className={cx("state", GLYPHS[code].tone)}>
      <Glyph name={GLYPHS[code].glyph} />
      {t(`channels.health.${code}`)}
    </span>
  );
}

/** How a channel is in the server's words, and what went wrong last on either way. */
export function HealthNote(props: { channel: ChannelSummary }) {
  const { t, when, codeText } = useWords();
  const now = useNow();
  const { health, last_error, last_failed_at, last_refused_at, last_refused_code } = props.channel;
  const { receive_error, receive_failing_since } = props.channel;
  const isBad = GLYPHS[health.code].tone === "is-stop";
  return (
    <div className={cx("note", isBad && "is-stop")}>
      <Glyph
        name={GLYPHS[health.code].glyph}
        className={cx(isBad && "text-stop-text", health.code === "ok" && "text-ok-text")}
      />
      <div className="min-w-0 wrap-anywhere">
        <b>{health.words}</b>
        {receive_failing_since && (
          <div className="text-ink-2">
            {t("channels.receive_error", { when: when(receive_failing_since, now) })}
            {receive_error}
          </div>
        )}
        {last_failed_at && (
          <div className="text-ink-2">
            {t("channels.last_error", { when: when(last_failed_at, now) })}
            {last_error}
          </div>
        )}
        {last_refused_at && (
          <div className="text-ink-2">
            {t("channels.last_refused", { when: when(last_refused_at, now) })}
            {codeText(last_refused_code)} <code>{last_refused_code}</code>
          </div>
        )}
      </div>
    </div>
  );
}
