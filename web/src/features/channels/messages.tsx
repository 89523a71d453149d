import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMayAct } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { Button } from "../../ui/button.tsx";
import { Filter } from "../../ui/filter.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { ListTable, Older } from "../../ui/lists.tsx";
import { Tag } from "../../ui/marks.tsx";
import { Bones, ProblemNote } from "../../ui/problem.tsx";
import { messagePagesQuery, type OutboxMessage } from "./queries.ts";
import { type ChannelSearch, STATUSES } from "./searches.ts";
import { SentMark } from "./sent-mark.tsx";
import { type Resending, ResendNote, useResend } from "./use-resend.tsx";

/** What goes out on a channel, with the status that the address names. */
export function useMessages(props: { projectId: string; channelId: string; enabled: boolean }) {
  const { status } = useSearch({ from: "/console/channels/$projectId/$channelId" });
  return useInfiniteQuery({
    ...messagePagesQuery({
      project_id: props.projectId,
      channel_id: props.channelId,
      send_status: status,
    }),
    enabled: props.enabled,
  });
}

/** What goes out on a channel, newest first; what was given up can be sent again. */
export function Messages(props: { projectId: string; channelId: string }) {
  const { t } = useWords();
  const { status } = useSearch({ from: "/console/channels/$projectId/$channelId" });
  const pages = useMessages({ ...props, enabled: true });
  const resending = useResend();
  const rows = pages.data?.pages.flatMap((page) => page.messages) ?? [];
  return (
    <section>
      <div className="sec mt-3">
        <h2>{t("channels.messages")}</h2>
      </div>
      {(pages.isPending || status !== undefined || rows.length > 0) && <ByStatus status={status} />}
      <ResendNote resending={resending} />
      {pages.isPending && <Bones head rows={6} label={t("common.loading")} />}
      {pages.isError && <ProblemNote error={pages.error} onRetry={() => pages.refetch()} />}
      {pages.data && rows.length === 0 && (
        <p className="text-ink-2">
          {t(status === undefined ? "channels.no_messages" : "channels.no_match")}
        </p>
      )}
      {rows.length > 0 && <Rows rows={rows} resending={resending} />}
      <Older pages={pages} label={t("channels.older")} />
    </section>
  );
}

function ByStatus(props: { status: ChannelSearch["status"] }) {
  const { t } = useWords();
  const navigate = useNavigate({ from: "/channels/$projectId/$channelId" });
  return (
    // biome-ignore lint/a11y/useSemanticElements: nothing is submitted, so this is no form
    <div className="filters" role="group" aria-label={t("filter.label")}>
      <Filter<(typeof STATUSES)[number]>
        name={t("channels.by_status")}
        any={t("contracts.any_status")}
        value={props.status}
        options={STATUSES.map((value) => ({ value, label: t(`channels.status.${value}`) }))}
        onChange={(status) =>
          navigate({
            search: ({ status: _, ...old }) => ({ ...old, ...(status ? { status } : {}) }),
            replace: true,
          })
        }
      />
    </div>
  );
}

function Rows(props: { rows: OutboxMessage[]; resending: Resending }) {
  const { t } = useWords();
  const mayResend = useMayAct() && props.rows.some(({ send_status }) => send_status === "failed");
  const heads = [
    { label: t("channels.message") },
    { label: t("channels.became") },
    { label: t("channels.tries"), isMinor: true, isNumber: true },
    { label: t("channels.queued_at"), isMinor: true, isNumber: true },
    mayResend && { label: t("channels.again"), isNumber: true },
  ];
  return (
    <ListTable caption={t("channels.messages")} heads={heads}>
      {props.rows.map((message) => (
        <Row
          key={message.message_id}
          message={message}
          resending={mayResend ? props.resending : undefined}
        />
      ))}
    </ListTable>
  );
}

function Row(props: { message: OutboxMessage; resending: Resending | undefined }) {
  const { t, number, when } = useWords();
  const { message, resending } = props;
  const queued = when(message.queued_at, Date.now());
  return (
    <tr>
      <td className="wide">
        <What message={message} /> <Kind type={message.message_type} />{" "}
        {message.may_be_double && <Tag>{t("channels.may_be_double")}</Tag>}
        {message.send_error && (
          <span className="block text-xs text-ink-2">{message.send_error}</span>
        )}
        {message.next_attempt_at && message.attempt_count > 0 && (
          <span className="block text-xs text-ink-2">
            {t("channels.next_try", { when: when(message.next_attempt_at, Date.now()) })}
          </span>
        )}
        <span className="below">{queued}</span>
      </td>
      <td>
        <SentMark status={message.send_status} />
      </td>
      <td className="minor n">{number(message.attempt_count)}</td>
      <td className="minor n">
        <time dateTime={message.queued_at}>{queued}</time>
      </td>
      {resending && (
        <td className="n">
          {message.send_status === "failed" && (
            <Button
              size="small"
              aria-disabled={resending.isPending}
              aria-label={t("channels.resend_named", { text: message.content_preview ?? "" })}
              onClick={() => resending.resend(message)}
            >
              <Glyph name="retry" className="sm" />
              {t("channels.resend")}
            </Button>
          )}
        </td>
      )}
    </tr>
  );
}

function What(props: { message: OutboxMessage }) {
  const { t } = useWords();
  const { project_id: projectId, run_id: runId, content_preview } = props.message;
  const text = content_preview ?? t("events.empty");
  if (runId === null) return <span>{text}</span>;
  return (
    <Link className="what" to="/runs/$projectId/$runId" params={{ projectId, runId }}>
      {text}
    </Link>
  );
}

const KINDS = ["approval_request", "interim", "final", "error", "notice"] as const;

function Kind(props: { type: string }) {
  const { t } = useWords();
  const kind = KINDS.find((known) => known === props.type);
  return (
    <span className="text-ink-3 text-xs">{kind ? t(`channels.kinds.${kind}`) : props.type}</span>
  );
}
