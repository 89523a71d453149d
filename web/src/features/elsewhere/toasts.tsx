import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useWords } from "../../app/words.ts";
import { Button } from "../../ui/button.tsx";
import { Glyph, type GlyphName } from "../../ui/glyphs.tsx";
import { type Deed, keyOf } from "./deeds.ts";
import { useDeeds } from "./use-deeds.ts";
import "./toasts.css";

const SHOWN_MS = 15_000;

const GLYPHS: Record<Deed["kind"], GlyphName> = {
  approve: "granted",
  edit: "granted",
  reject: "refused",
  request_changes: "refused",
  cancel: "cancelled",
  freeze: "freeze",
  lift: "completed",
};

/** What other people have done meanwhile: few, said politely, and gone by themselves unless one looks at them. */
export function Toasts() {
  const { t } = useWords();
  const { told, putAway } = useDeeds();
  return (
    <section className="toasts" aria-label={t("elsewhere.title")} aria-live="polite">
      {told.map((deed) => (
        <Toast key={keyOf(deed)} deed={deed} onEnd={() => putAway(deed)} />
      ))}
    </section>
  );
}

function Toast({ deed, onEnd }: { deed: Deed; onEnd: () => void }) {
  const { t, number } = useWords();
  const [held, setHeld] = useState(false);
  const { count, who, run } = deed;
  // biome-ignore lint/correctness/useExhaustiveDependencies: more of the same is shown as long as the first
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(onEnd, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [held, count]);
  const text = t(`elsewhere.${deed.kind}`, { count, number: number(count), who });
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only stays while somebody is on it
    <div
      className="toast"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <Glyph name={GLYPHS[deed.kind]} />
      <span className="min-w-0 wrap-anywhere flex-1">
        {run ? (
          <Link to="/runs/$projectId/$runId" params={run}>
            {text}
          </Link>
        ) : (
          text
        )}
      </span>
      <Button
        tone="bare"
        size="small"
        shape="square"
        aria-label={t("elsewhere.put_away")}
        onClick={onEnd}
      >
        <Glyph name="close" className="sm" />
      </Button>
    </div>
  );
}
