import { useQuery } from "@tanstack/react-query";
import { Link, useLocation, useNavigate } from "@tanstack/react-router";
import { DropdownMenu } from "radix-ui";
import { useTranslation } from "react-i18next";
import { Glyph } from "../ui/glyphs.tsx";
import { Menu } from "../ui/menu.tsx";
import { Pips } from "../ui/pips.tsx";
import { useNow } from "./clock.ts";
import { wallTime, zoneName } from "./format.ts";
import { useLive } from "./live.ts";
import { type Page, usePages } from "./pages.ts";
import { approvalsQuery } from "./queries.ts";
import { useProject } from "./use-session.ts";
import { useWords } from "./words.ts";

function useOpenQuestions(): number {
  return useQuery(approvalsQuery(useProject())).data?.total ?? 0;
}

/** Every address begins with the overview's. */
const whereOn = (page: Page) => ({
  activeOptions: { exact: page.to === "/" },
  activeProps: { "aria-current": "page" } as const,
});

/** The pages beside the page: 168 px wide, 48 px where there is less room, gone on a phone. */
export function Nav() {
  const { t } = useTranslation();
  const open = useOpenQuestions();
  return (
    <nav className="nav" aria-label={t("nav.main")}>
      <Link className="brand" to="/">
        <Pips marks={["pass", "pass", "pass", "pass", "ask"]} />
        <b>AwoooP</b>
      </Link>
      <ul>
        {usePages().map((page) => (
          <li key={page.to} className={page.opens && "opens"}>
            <Link to={page.to} {...whereOn(page)}>
              <Glyph name={page.glyph} />
              <span className="word">{t(`nav.pages.${page.label}`)}</span>
              {page.label === "approvals" && open > 0 && (
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

/** On a phone, in the order of the thumb; the rest is behind the last one. */
const TABS: readonly Page["label"][] = ["overview", "approvals", "runs"];

export function Tabs() {
  const { t } = useTranslation();
  const open = useOpenQuestions();
  const pages = usePages();
  const tabs = TABS.flatMap((label) => pages.find((page) => page.label === label) ?? []);
  const more = pages.filter((page) => !tabs.includes(page));
  return (
    <nav className="tabs" aria-label={t("nav.sections")}>
      {tabs.map((page) => (
        <Link key={page.to} to={page.to} {...whereOn(page)}>
          <span className="at">
            <Glyph name={page.glyph} />
            {page.label === "approvals" && open > 0 && <em>{open}</em>}
          </span>
          {t(`nav.pages.${page.label}`)}
        </Link>
      ))}
      {more.length > 0 && <More pages={more} />}
    </nav>
  );
}

function More(props: { pages: readonly Page[] }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const isHere = (page: Page) => pathname === page.to || pathname.startsWith(`${page.to}/`);
  return (
    <Menu
      trigger={
        <button type="button" aria-current={props.pages.some(isHere) ? "page" : undefined}>
          <Glyph name="more" />
          {t("nav.more")}
        </button>
      }
    >
      {props.pages.map((page) => (
        <DropdownMenu.Item key={page.to} onSelect={() => navigate({ to: page.to })}>
          <Glyph name={page.glyph} />
          {t(`nav.pages.${page.label}`)}
        </DropdownMenu.Item>
      ))}
    </Menu>
  );
}
