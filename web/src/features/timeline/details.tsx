import { type ReactNode, useId } from "react";
import { flagText } from "../../../../src/toolservers/flags-contract.ts";
import type { Call, Json, RunDetail, TimelineItem } from "../../app/api.ts";
import { joined, shortHash, shortId, wallTime } from "../../app/format.ts";
import { useWords, type Words } from "../../app/words.ts";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { Kbd, Tag } from "../../ui/marks.tsx";
import { contentOf, onlyAsked } from "../calls/in-words.ts";
import { stopInWords } from "../calls/stop-words.ts";
import { GateList } from "../gates/gates.tsx";
import type { Entry } from "./entries.ts";
import { changeInWords } from "./why.ts";

/** What stands behind a line of the story: in words, or as the records themselves. */
export function Details(props: {
  entry: Entry;
  detail: RunDetail;
  raw: boolean;
  onRaw: () => void;
  onClose: () => void;
}) {
  const { t } = useWords();
  const { entry } = props;
  const record = recordOf(entry, props.detail);
  const isWrite = entry.type === "call" && entry.call?.effect === "write";
  return (
    <div className="details">
      <div className="sec">
        <h2
          className={
            entry.type === "call"
              ? "mono strong text-sm min-w-0 wrap-anywhere"
              : "min-w-0 wrap-anywhere"
          }
        >
          {entry.type === "call" ? entry.item.metadata.tool_name : entry.item.title}
        </h2>
        {isWrite && <Tag tone="write">{t("effect.write")}</Tag>}
        <span className="flex-1" />
        <Button
          tone={props.raw ? "plain" : "bare"}
          size="small"
          aria-pressed={props.raw}
          onClick={props.onRaw}
        >
          JSON
          <Kbd>V</Kbd>
        </Button>
        <Button
          tone="bare"
          size="small"
          shape="square"
          aria-label={t("details.close")}
          onClick={props.onClose}
        >
          <Glyph name="close" className="sm" />
        </Button>
      </div>
      <Identity entry={entry} />
      {props.raw ? (
        <Section
          title={t("details.record")}
          copy={{ text: JSON.stringify(record, null, 2), label: t("details.copy_record") }}
        >
          <pre>{JSON.stringify(record, null, 2)}</pre>
        </Section>
      ) : (
        <Body entry={entry} detail={props.detail} />
      )}
    </div>
  );
}

function Identity({ entry }: { entry: Entry }) {
  const { t } = useWords();
  const id = entry.type === "call" ? entry.call?.call_id : undefined;
  return (
    <div className="line text-xs text-ink-3 -mt-2 mb-2.5 gap-1">
      {id ? (
        <>
          <code>
            {entry.type === "call" ? entry.call?.server : ""} {shortId(id)}
          </code>
          <Copy text={id} label={t("details.copy_call")} />
        </>
      ) : (
        <time dateTime={entry.ts}>{wallTime(entry.ts, true)}</time>
      )}
    </div>
  );
}

/** The API's own record, so that what one copies can be found again with any client. */
function recordOf(entry: Entry, detail: RunDetail): unknown {
  if (entry.type === "call") return entry.call ?? entry.item;
  if (entry.type === "step") return entry.step ?? entry.item;
  const id = entry.item.id;
  if (entry.type === "inbound")
    return detail.inbound_events.find((e) => id.includes(e.event_id)) ?? entry.item;
  if (entry.type === "outbound")
    return detail.outbound_messages.find((m) => id.includes(m.message_id)) ?? entry.item;
  return entry.item;
}

function Body({ entry, detail }: { entry: Entry; detail: RunDetail }) {
  const words = useWords();
  const { t } = words;
  if (entry.type === "call")
    return entry.call ? (
      <CallBody call={entry.call} detail={detail} />
    ) : (
      <Section title={t("details.gates")}>
        <GateList verdicts={entry.item.metadata.verdicts} />
      </Section>
    );
  if (entry.type === "step")
    return (
      <>
        {entry.text && <Section title={t("details.said")}>{entry.text}</Section>}
        <JsonSection title={t("details.input")} value={entry.step?.input ?? null} />
        <JsonSection title={t("details.output")} value={entry.step?.output ?? null} />
        <Facts item={entry.item} />
      </>
    );
  if (entry.type === "outbound") return <MessageBody entry={entry} detail={detail} />;
  const said = sayingOf(entry, detail, words);
  return (
    <>
      {said && <Section title={t("details.said")}>{said}</Section>}
      <Facts item={entry.item} />
    </>
  );
}

function sayingOf(
  entry: Extract<Entry, { type: "state" | "wait" | "decision" | "inbound" }>,
  detail: RunDetail,
  words: Words,
): string | null {
  if (entry.type === "inbound") return entry.item.summary;
  if (entry.type !== "decision") return changeInWords(entry.item, detail, words);
  const { reason } = entry.decision;
  return reason === null ? null : words.t("common.quoted", { text: reason });
}

function CallBody({ call, detail }: { call: Call; detail: RunDetail }) {
  const { t } = useWords();
  return (
    <>
      <Section title={t("details.gates")}>
        <GateList verdicts={call.verdicts} />
      </Section>
      <Section
        title={t("details.arguments")}
        copy={{ text: JSON.stringify(call.args, null, 2), label: t("details.copy_arguments") }}
      >
        <Arguments value={call.args} />
        <div className="text-xs text-ink-3 mt-2">
          SHA-256 <code title={call.args_hash}>{shortHash(call.args_hash)}</code>
        </div>
      </Section>
      <CallResult
        call={call}
        said={detail.steps.find((step) => step.call_id === call.call_id)?.summary ?? null}
      />
      {call.agent_reason && (
        <Section title={t("details.own_words")}>
          <p className="text-ink-2">{t("common.quoted", { text: call.agent_reason })}</p>
        </Section>
      )}
      <CallFacts call={call} />
    </>
  );
}

/** `said` is what the contract makes of the result, in its own words. */
function CallResult({ call, said }: { call: Call; said: string | null }) {
  const words = useWords();
  const { t } = words;
  const says: Partial<Record<string, string>> = {
    pending: t("details.result_pending"),
    executing: t("details.result_executing"),
    blocked: onlyAsked(call) ? askedInWords(call, words) : t("details.result_blocked"),
    error: stopInWords(call, words),
    simulated: t("details.result_simulated"),
    unknown: t("details.result_unknown"),
  };
  const sentence = says[call.result_status];
  if (call.result === null) {
    return (
      <Section title={t("details.result")}>
        <p className={call.result_status === "unknown" ? "text-stop-text" : "text-ink-2"}>
          {sentence ?? t("details.result_none")}
        </p>
        {call.result_status === "error" && call.block_reason && <pre>{call.block_reason}</pre>}
      </Section>
    );
  }
  const content = contentOf(call.result);
  const text = typeof content === "string" ? content : JSON.stringify(content, null, 2);
  return (
    <Section title={t("details.result")} copy={{ text, label: t("details.copy_result") }}>
      {sentence && (
        <p className={`mb-2 ${call.result_status === "error" ? "text-stop-text" : "text-ink-2"}`}>
          {sentence}
        </p>
      )}
      {said && <p className="mb-2">{said}</p>}
      <pre>{text}</pre>
    </Section>
  );
}

const askedInWords = (call: Call, words: Words): string =>
  call.block_code === "E-APPR-REQUIRED"
    ? words.t("details.result_asked")
    : joined([words.t("details.result_not_sent"), stopInWords(call, words) ?? ""]);

function CallFacts({ call }: { call: Call }) {
  const { t, duration, money, language } = useWords();
  return (
    <Section title={t("details.figures")}>
      <dl className="kv">
        <dt>{t("details.started")}</dt>
        <dd>{wallTime(call.created_at, true)}</dd>
        {call.upstream_ms !== null && (
          <>
            <dt>{t("details.upstream")}</dt>
            <dd>{duration(call.upstream_ms)}</dd>
          </>
        )}
        {call.flags.length > 0 && (
          <>
            <dt>{t("details.flags")}</dt>
            <dd>{call.flags.map((flag) => flagText(flag, language)).join("; ")}</dd>
          </>
        )}
        <dt>{t("details.cost")}</dt>
        <dd>{money(call.cost_usd)}</dd>
        {call.attempt > 1 && (
          <>
            <dt>{t("details.attempt")}</dt>
            <dd>{call.attempt}</dd>
          </>
        )}
      </dl>
    </Section>
  );
}

function MessageBody(props: { entry: Extract<Entry, { type: "outbound" }>; detail: RunDetail }) {
  const { t } = useWords();
  const message = props.detail.outbound_messages.find((m) =>
    props.entry.item.id.includes(m.message_id),
  );
  const { item } = props.entry;
  return (
    <>
      <Section title={t("details.message")}>
        <p className="whitespace-pre-wrap wrap-anywhere">
          {message?.content_preview ?? item.summary}
        </p>
      </Section>
      <Section title={t("details.delivery")}>
        <p className={item.status === "failed" ? "text-stop-text" : "text-ink-2"}>
          {deliveryInWords(item.status, t)}
          {message?.send_error && <>: {message.send_error}</>}
        </p>
      </Section>
    </>
  );
}

function deliveryInWords(status: string, t: Words["t"]): string {
  switch (status) {
    case "sent":
      return t("details.sent");
    case "queued":
      return t("details.queued");
    case "failed":
      return t("story.not_sent");
    case "suppressed":
      return t("details.suppressed");
    default:
      return status;
  }
}

/** What else the item says, name by name; for kinds that have no layout of their own. */
function Facts({ item }: { item: TimelineItem }) {
  const { t } = useWords();
  const facts = Object.entries(item.metadata).filter(
    ([, value]) => value !== null && value !== undefined && typeof value !== "object",
  );
  if (facts.length === 0) return null;
  return (
    <Section title={t("details.figures")}>
      <dl className="kv">
        {facts.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="mono">{name}</dt>
            <dd className="mono">{String(value)}</dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}

function Arguments({ value }: { value: Json }) {
  const { t } = useWords();
  if (value === null || typeof value !== "object" || Array.isArray(value))
    return <pre>{JSON.stringify(value, null, 2)}</pre>;
  const entries = Object.entries(value);
  if (entries.length === 0) return <p className="text-ink-2">{t("details.no_arguments")}</p>;
  return (
    <dl className="kv">
      {entries.map(([name, part]) => (
        <div key={name} className="contents">
          <dt className="mono">{name}</dt>
          <dd className="mono whitespace-pre-wrap">
            {typeof part === "string" ? part : JSON.stringify(part, null, 2)}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function JsonSection(props: { title: string; value: Json }) {
  if (props.value === null) return null;
  return (
    <Section title={props.title}>
      <pre>{JSON.stringify(props.value, null, 2)}</pre>
    </Section>
  );
}

function Section(props: {
  title: string;
  copy?: { text: string; label: string };
  children: ReactNode;
}) {
  const title = useId();
  return (
    <section aria-labelledby={title}>
      <h3>
        <span id={title}>{props.title}</span>
        <span className="flex-1" />
        {props.copy && <Copy {...props.copy} />}
      </h3>
      {props.children}
    </section>
  );
}
