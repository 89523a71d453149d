import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Glyph, type GlyphName } from "../ui/glyphs.tsx";
import { Pips } from "../ui/pips.tsx";
import { useNow } from "./clock.ts";
import { wallTime, zoneName } from "./format.ts";
import { useKeys } from "./keys.ts";
import { KeysHelp } from "./keys-help.tsx";
import { startLive, useLive } from "./live.ts";
import { approvalsQuery, sessionQuery } from "./queries.ts";
import { TopBar } from "./top-bar.tsx";
import { useProject } from "./use-session.ts";
import { useWords } from "./words.ts";

/** Everything around a page: navigation, top bar, the state of the stream, global keys. */
export function Shell() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const session = useQuery(sessionQuery);
  const [help, setHelp] = useState(false);
  useEffect(() => startLive(client), [client]);
  useKeys({
    "g r": () => navigate({ to: "/runs" }),
    "g a": () => navigate({ to: "/approvals" }),
    "?": () => setHelp(true),
  });
  const signedOut = session.data === null;
  useEffect(() => {
    if (!signedOut) return;
    const { pathname, search } = window.location;
    void navigate({ to: "/sign-in", search: { next: pathname + search }, replace: true });
  }, [signedOut, navigate]);
  if (signedOut) return null;
  return (
    <>
      <a className="skip" href="#main">
        {t("nav.skip")}
      </a>
      <Nav />
      <TopBar onHelp={() => setHelp(true)} />
      <main id="main" tabIndex={-1}>
        <OfflineNote />
        <Outlet />
      </main>
      <Tabs />
      {help && <KeysHelp onClose={() => setHelp(false)} />}
    </>
  );
}

function useOpenQuestions(): number {
  return useQuery(approvalsQuery(useProject())).data?.total ?? 0;
}

const PAGES = [
  { to: "/runs", glyph: "runs", label: "nav.runs" },
  { to: "/approvals", glyph: "approvals", label: "nav.approvals" },
] as const satisfies { to: string; glyph: GlyphName; label: string }[];

function Nav() {
  const { t } = useTranslation();
  const open = useOpenQuestions();
  return (
    <nav className="nav" aria-label={t("nav.main")}>
      <Link className="brand" to="/runs">
        <Pips marks={["pass", "pass", "pass", "pass", "ask"]} />
        <b>AwoooP</b>
      </Link>
      <ul>
        {PAGES.map((page) => (
          <li key={page.to}>
            <Link to={page.to} activeProps={{ "aria-current": "page" }}>
              <Glyph name={page.glyph} />
              <span className="word">{t(page.label)}</span>
              {page.to === "/approvals" && open > 0 && (
                <span className="count">
                  <span aria-hidden="true">{open}</span>
                  <span className="sr-only">{t("nav.open", { count: open })}</span>
                </span>
              )}
            </Link>
          </li>
        ))}
      </ul>
      <Foot />
    </nav>
  );
}

function Foot() {
  const { t, number } = useWords();
  const now = useNow();
  const live = useLive();
  return (
    <div className="foot">
      <time className="clock">{wallTime(now)}</time>
      {zoneName(new Date(now).getTimezoneOffset())}
      <br />
      {live.status === "live" && t("live.behind", { seconds: number(round(live.lagMs)) })}
      {live.status === "connecting" && t("live.connecting")}
      {live.status === "offline" && (
        <span className="text-stop-text">{t("live.offline", { time: wallTime(live.since) })}</span>
      )}
    </div>
  );
}

const round = (ms: number) => Math.round(ms / 100) / 10;

function Tabs() {
  const { t } = useTranslation();
  const open = useOpenQuestions();
  return (
    <nav className="tabs" aria-label={t("nav.sections")}>
      {PAGES.map((page) => (
        <Link key={page.to} to={page.to} activeProps={{ "aria-current": "page" }}>
          <span className="at">
            <Glyph name={page.glyph} />
            {page.to === "/approvals" && open > 0 && <em>{open}</em>}
          </span>
          {t(page.label)}
        </Link>
      ))}
    </nav>
  );
}

function OfflineNote() {
  const { t } = useWords();
  const live = useLive();
  const now = useNow();
  // A reconnect within a few seconds is nobody's concern.
  if (live.status !== "offline" || now - live.since < 3000) return null;
  const seconds = Math.max(1, Math.ceil((live.retryAt - now) / 1000));
  return (
    <div className="note offline" role="status">
      <Glyph name="clock" />
      <span>
        <b>{t("live.lost", { time: wallTime(live.since) })}</b>{" "}
        {t("live.lost_now", { wait: t("duration.s", { a: seconds }) })}
      </span>
    </div>
  );
}
