import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useNow } from "../../app/clock.ts";
import { usePages } from "../../app/pages.ts";
import { useProjects } from "../../app/use-session.ts";
import { useWords, type Words } from "../../app/words.ts";
import { Glyph, type GlyphName } from "../../ui/glyphs.tsx";
import type { Wrong } from "./wrong.ts";

const GLYPHS: Record<Wrong["kind"], GlyphName> = {
  freeze: "freeze",
  server: "tools",
  tool: "shield",
  channel: "channels",
  unsent: "outbound",
  failed: "failed",
  over: "alert",
  soon: "clock",
};

type WrongChannel = Extract<Wrong, { kind: "channel" | "unsent" }>;

export function WrongList({ wrongs }: { wrongs: readonly Wrong[] }) {
  const { t } = useWords();
  return (
    <section aria-labelledby="o-wrong">
      <div className="sec ruled">
        <h2 id="o-wrong">{t("overview.wrong_title")}</h2>
        <span className="flex-1" />
        {wrongs.length > 0 && <span className="text-xs text-ink-3">{t("overview.rest_well")}</span>}
      </div>
      {wrongs.length === 0 && (
        <p className="line py-3 text-ink-2">
          <Glyph name="completed" className="text-ok-text" />
          {t("overview.all_well")}
        </p>
      )}
      <ul>
        {wrongs.map((wrong) => (
          <WrongLine key={JSON.stringify(wrong)} wrong={wrong} />
        ))}
      </ul>
    </section>
  );
}

function WrongLine(props: { wrong: Wrong }) {
  const words = useWords();
  const now = useNow();
  const several = useProjects().length > 1;
  const { wrong } = props;
  const { what, why, project } = textOf(wrong, words, now);
  return (
    <li className="wrong">
      <Glyph name={GLYPHS[wrong.kind]} className={wrong.kind === "soon" ? "" : "text-stop-text"} />
      <div className="min-w-0 wrap-anywhere">
        <b>{what}</b>
        <div className="text-xs text-ink-2">
          {several && project && <>{project} · </>}
          {why}
        </div>
      </div>
      <Way wrong={wrong} />
    </li>
  );
}

/** What is wrong, why, and in which project. */
function textOf(wrong: Wrong, words: Words, now: number) {
  const { t, number, when, codeText, moneyLimit } = words;
  const percent = (share: number) => `${number(Math.floor(share * 100))} %`;
  switch (wrong.kind) {
    case "freeze": {
      const { scope, agent_id: agent, project_id: project, reason, ...by } = wrong.freeze;
      const who = { who: by.frozen_by, when: when(by.frozen_at, now), reason };
      return {
        what: t(`overview.wrong_of.freeze_${scope}`, {
          agent: agent ?? "",
          project: project ?? "",
        }),
        why: t("overview.wrong_of.freeze_why", who),
        project: scope === "agent" ? project : null,
      };
    }
    case "server": {
      const { server_id: server, project_id: project, error_code, error_message } = wrong.server;
      return {
        what: t("overview.wrong_of.server", { server }),
        why: codeText(error_code) ?? error_message ?? t("overview.wrong_of.server_why"),
        project,
      };
    }
    case "tool": {
      const { server_id: server, tool_name: tool, project_id: project } = wrong.tool;
      return {
        what: t("overview.wrong_of.tool", { server, tool }),
        why: t("overview.wrong_of.tool_why"),
        project,
      };
    }
    case "channel":
    case "unsent":
      return textOfChannel(wrong, words);
    case "failed": {
      const { title, agent_id: agent, project_id: project } = wrong.newest;
      return {
        what: t("overview.wrong_of.failed", {
          count: wrong.count,
          number: number(wrong.count),
          time: t(`overview.time.${wrong.window}`),
        }),
        why: t("overview.wrong_of.failed_why", { title, agent }),
        project: wrong.count === 1 ? project : null,
      };
    }
    default: {
      const { display_name: name, limit_usd } = wrong.spend;
      const limit = moneyLimit(limit_usd ?? 0);
      return {
        what: t(`overview.wrong_of.${wrong.kind}`, { name, share: percent(wrong.share) }),
        why: t(`overview.wrong_of.${wrong.kind}_why`, { limit }),
        project: null,
      };
    }
  }
}

function textOfChannel({ kind, channel: one }: WrongChannel, { t, number }: Words) {
  const { channel_id: channel, project_id: project, health, failed } = one;
  if (kind === "channel")
    return { what: t("overview.wrong_of.channel", { channel }), why: health.words, project };
  const what = t("overview.wrong_of.unsent", { channel, count: failed, number: number(failed) });
  return { what, why: t("overview.wrong_of.unsent_why"), project };
}

/** Where one looks closer, as far as there is a page for it. */
function Way(props: { wrong: Wrong }): ReactNode {
  const { t } = useWords();
  const pages = usePages();
  const { wrong } = props;
  if (wrong.kind === "failed") {
    const { project_id: projectId, run_id: runId } = wrong.newest;
    // The list of runs knows no 6 hours.
    const since = wrong.window === "6h" ? "24h" : wrong.window;
    return wrong.count === 1 ? (
      <Link className="text-xs" to="/runs/$projectId/$runId" params={{ projectId, runId }}>
        {t("overview.open_run")}
      </Link>
    ) : (
      <Link
        className="text-xs"
        to="/runs"
        search={({ project }) => ({ project, state: "failed", since })}
      >
        {t("overview.open_failed")}
      </Link>
    );
  }
  if (wrong.kind === "channel" || wrong.kind === "unsent") {
    const { project_id: projectId, channel_id: channelId, failed } = wrong.channel;
    return (
      <Link
        className="text-xs"
        to="/channels/$projectId/$channelId"
        params={{ projectId, channelId }}
        search={failed > 0 ? { status: "failed" } : {}}
      >
        {t("overview.open_channel")}
      </Link>
    );
  }
  const label = wrong.kind === "server" || wrong.kind === "tool" ? "tool_servers" : "tenants";
  const page = pages.find((each) => each.label === label);
  if (!page) return null;
  return (
    <Link className="text-xs" to={page.to}>
      {t(`nav.pages.${page.label}`)}
    </Link>
  );
}
