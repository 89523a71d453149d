import { useNow } from "../../app/clock.ts";
import { useWords } from "../../app/words.ts";
import { cx } from "../../ui/cx.ts";
import { Glyph, type GlyphName } from "../../ui/glyphs.tsx";
import type { ServerState, ToolServer } from "./queries.ts";

const GLYPHS: Record<ServerState, { glyph: GlyphName; tone: string }> = {
  up: { glyph: "completed", tone: "is-ok" },
  down: { glyph: "failed", tone: "is-stop" },
  backing_off: { glyph: "clock", tone: "is-stop" },
  breaker_open: { glyph: "cancelled", tone: "is-stop" },
  unknown: { glyph: "pending", tone: "is-off" },
};

/** How a tool server is, as a sign and a word. */
export function HealthMark(props: { state: ServerState }) {
  const { t } = useWords();
  const { glyph, tone } = GLYPHS[props.state];
  return (
    <span className={cx("state", tone)}>
      <Glyph name={glyph} />
      {t(`servers.state.${props.state}`)}
    </span>
  );
}

/** What the state means, what went wrong last, and when it is tried again. */
export function HealthNote(props: { health: ToolServer["health"] }) {
  const { t, when, duration, codeText, language } = useWords();
  const now = useNow();
  const { health } = props;
  const wait = health.next_try_at === null ? 0 : Date.parse(health.next_try_at) - now;
  const isBad = health.state !== "up" && health.state !== "unknown";
  const known = language === "en" ? undefined : codeText(health.error_code);
  return (
    <div className={cx("note", isBad && "is-stop")}>
      <Glyph
        name={GLYPHS[health.state].glyph}
        className={cx(isBad && "text-stop-text", health.state === "up" && "text-ok-text")}
      />
      <div>
        <b>{t(`servers.means.${health.state}`)}</b>{" "}
        {isBad && health.error_message && (
          <>
            {known ?? health.error_message}{" "}
            {health.error_code && <code className="text-ink-3">{health.error_code}</code>}{" "}
          </>
        )}
        {wait > 0 && t("servers.next_try", { wait: duration(wait) })}
        {!isBad && health.error_message && health.last_failure_at && (
          <span className="text-ink-2">
            {t("servers.last_failure", { when: when(health.last_failure_at, now) })}
            {known ?? health.error_message}
          </span>
        )}
      </div>
    </div>
  );
}
