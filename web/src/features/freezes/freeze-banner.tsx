import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { useNow } from "../../app/clock.ts";
import { useProject, useSession } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { Button } from "../../ui/button.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { useFrozenWords } from "./frozen-words.ts";
import { type Freeze, standingQuery } from "./queries.ts";

const LiftDialog = lazy(() => import("./lift-dialog.tsx"));
const MOST_SHOWN = 3;

/** What is frozen, on every page: nobody should wonder why nothing moves. */
export function FreezeBanner() {
  const { t } = useWords();
  const project = useProject();
  const standing = useQuery(standingQuery).data?.freezes ?? [];
  const here = standing.filter(
    (freeze) =>
      project === undefined || freeze.project_id === null || freeze.project_id === project,
  );
  if (here.length === 0) return null;
  return (
    <section className="freezes" aria-label={t("freeze.frozen")}>
      {here.slice(0, MOST_SHOWN).map((freeze) => (
        <FrozenNote key={freeze.freeze_id} freeze={freeze} />
      ))}
      {here.length > MOST_SHOWN && (
        <div className="note is-stop">
          <Link to="/freezes">{t("freeze.more", { count: here.length - MOST_SHOWN })}</Link>
        </div>
      )}
    </section>
  );
}

/** Whether the reader may set it going again. */
function useMayLift(freeze: Freeze): boolean {
  const session = useSession();
  return session?.role === "admin" && (freeze.held_by === "project" || session.is_platform);
}

function FrozenNote(props: { freeze: Freeze }) {
  const { t, when } = useWords();
  const now = useNow();
  const { freeze } = props;
  const [lifting, setLifting] = useState(false);
  const mayLift = useMayLift(freeze);
  const words = useFrozenWords();
  return (
    <div className="note is-stop">
      <Glyph name="freeze" className="text-stop-text" />
      <span className="why flex-1" title={freeze.reason}>
        <b>{words(freeze)}</b>{" "}
        {t("freeze.by", { who: freeze.frozen_by, when: when(freeze.frozen_at, now) })}
        {t("common.quoted", { text: freeze.reason })}
      </span>
      {mayLift && (
        <Button size="small" onClick={() => setLifting(true)}>
          {t("freeze.lift")}
        </Button>
      )}
      {lifting && (
        <Suspense>
          <LiftDialog freeze={freeze} onClose={() => setLifting(false)} />
        </Suspense>
      )}
    </div>
  );
}
