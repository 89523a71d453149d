import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Outlet, useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Toasts } from "../features/elsewhere/toasts.tsx";
import { FreezeBanner } from "../features/freezes/freeze-banner.tsx";
import { SignInAgain } from "../features/session/sign-in-again.tsx";
import { Glyph } from "../ui/glyphs.tsx";
import { useNow } from "./clock.ts";
import { useFocusKept } from "./focus-kept.ts";
import { wallTime } from "./format.ts";
import { useKeys, usePaletteKey } from "./keys.ts";
import { KeysHelp } from "./keys-help.tsx";
import { startLive, useLive } from "./live.ts";
import { Nav, Tabs } from "./navigation.tsx";
import { usePages } from "./pages.ts";
import { LazyPalette } from "./palette-coming.tsx";
import { sessionQuery } from "./queries.ts";
import { useSignedOut } from "./signed-out.ts";
import { TopBar } from "./top-bar.tsx";
import { useWords } from "./words.ts";

/** Everything around a page: navigation, top bar, the state of the stream, global keys. */
export function Shell() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const session = useQuery(sessionQuery);
  const [help, setHelp] = useState(false);
  const [palette, setPalette] = useState(false);
  const isOver = useSignedOut();
  const openPalette = () => setPalette(true);
  usePaletteKey(openPalette);
  useFocusKept();
  useEffect(() => startLive(client), [client]);
  const jumps = usePages().filter((page) => page.key !== undefined);
  useKeys({
    ...Object.fromEntries(jumps.map(({ key, to }) => [`g ${key}`, () => navigate({ to })])),
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
      <TopBar onHelp={() => setHelp(true)} onSearch={openPalette} />
      <main id="main" tabIndex={-1}>
        <OfflineNote />
        <FreezeBanner />
        <Outlet />
      </main>
      <Tabs />
      {help && <KeysHelp onClose={() => setHelp(false)} />}
      {palette && <LazyPalette onClose={() => setPalette(false)} onHelp={() => setHelp(true)} />}
      <Toasts />
      {isOver && <SignInAgain />}
    </>
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
