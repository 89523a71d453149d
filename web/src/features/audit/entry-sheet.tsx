import { Link, useNavigate } from "@tanstack/react-router";
import { useWords } from "../../app/words.ts";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Sheet } from "../../ui/dialog.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import type { AuditLogEntry } from "./queries.ts";

/** All that the log holds of one entry; its place is in the address. */
export function EntrySheet(props: { rows: readonly AuditLogEntry[]; id: string | undefined }) {
  const { t } = useWords();
  const navigate = useNavigate({ from: "/audit-log" });
  const entry = props.rows.find(({ audit_id }) => audit_id === props.id);
  if (!entry) return null;
  const close = () =>
    navigate({ search: ({ entry: _, ...old }) => old, replace: true, resetScroll: false });
  return (
    <Sheet title={t("audit.entry")} onClose={close}>
      <div className="details entry-sheet">
        <div className="sec">
          <h2 className="mono strong text-sm min-w-0 wrap-anywhere">{entry.action}</h2>
          <span className="flex-1" />
          <Copy text={JSON.stringify(entry, null, 2)} label={t("details.copy_record")} />
          <Button
            tone="bare"
            size="small"
            shape="square"
            aria-label={t("details.close")}
            onClick={close}
          >
            <Glyph name="close" className="sm" />
          </Button>
        </div>
        <Who entry={entry} />
        <Json title={t("audit.details")} value={entry.details} />
        <Said entry={entry} />
      </div>
    </Sheet>
  );
}

function Who({ entry }: { entry: AuditLogEntry }) {
  const { t, when } = useWords();
  const { target } = entry;
  return (
    <section>
      <dl className="kv">
        <dt>{t("audit.actor")}</dt>
        <dd>
          <Link to="/audit-log" search={{ actor: entry.actor.id }}>
            {entry.actor.id}
          </Link>{" "}
          <span className="text-ink-3">{entry.actor.kind}</span>
        </dd>
        <dt>{t("audit.target")}</dt>
        <dd className="wrap-anywhere">
          <Link to="/audit-log" search={{ target: target.id }}>
            {target.id}
          </Link>{" "}
          <span className="text-ink-3">{target.kind}</span>
        </dd>
        {target.kind === "run" && (
          <>
            <dt>{t("run.title")}</dt>
            <dd>
              <Link
                to="/runs/$projectId/$runId"
                params={{ projectId: entry.project_id, runId: target.id }}
              >
                {t("audit.open_run")}
              </Link>
            </dd>
          </>
        )}
        <dt>{t("project.label")}</dt>
        <dd>{entry.project_id}</dd>
        <dt>{t("audit.at")}</dt>
        <dd>
          <time dateTime={entry.at}>{when(entry.at, Date.now())}</time>
        </dd>
        <dt>{t("audit.id")}</dt>
        <dd>
          <code>{entry.audit_id}</code>
        </dd>
      </dl>
    </section>
  );
}

/** Free text and personal data, or that they were erased. */
function Said({ entry }: { entry: AuditLogEntry }) {
  const { t } = useWords();
  return (
    <>
      {entry.private && <Json title={t("audit.said")} value={entry.private} />}
      {entry.is_erased && (
        <section>
          <h3>{t("audit.said")}</h3>
          <p className="text-ink-2">{t("audit.erased_why")}</p>
        </section>
      )}
      {entry.private_hash && (
        <section>
          <h3>SHA-256</h3>
          <code>{entry.private_hash}</code>
        </section>
      )}
    </>
  );
}

function Json(props: { title: string; value: Record<string, unknown> }) {
  if (Object.keys(props.value).length === 0) return null;
  return (
    <section>
      <h3>{props.title}</h3>
      <pre>{JSON.stringify(props.value, null, 2)}</pre>
    </section>
  );
}
