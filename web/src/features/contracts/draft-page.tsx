import "./contracts.css";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useId, useMemo, useState } from "react";
import type { Family } from "../../../../src/contracts/contract.ts";
import type { RevisionDetail } from "../../../../src/contracts/lifecycle-contract.ts";
import { usePageTitle } from "../../app/title.ts";
import { useProject, useProjects, useSession } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { announce } from "../../ui/announce.tsx";
import { Button } from "../../ui/button.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { Segment } from "../../ui/marks.tsx";
import { Bones, ProblemNote } from "../../ui/problem.tsx";
import { useSettled } from "../../ui/use-settled.ts";
import { type Fault, faultsAt, type Notation, readText, written } from "./contract-text.ts";
import { Editor } from "./editor.tsx";
import { forget, useKept } from "./kept.ts";
import { draftContract, revisionQuery, type TypedContract, validationQuery } from "./queries.ts";
import { SKELETONS } from "./skeletons.ts";
import { FAMILIES } from "./status.tsx";
import { Verdict } from "./verdict.tsx";

/** A new contract, or a new revision that begins with what another one says. */
export function DraftPage() {
  const { t } = useWords();
  const { from } = useSearch({ from: "/console/contracts/new" });
  const revision = useQuery({ ...revisionQuery(from ?? ""), enabled: from !== undefined });
  const isAdmin = useSession()?.role === "admin";
  const title = revision.data
    ? t("contracts.draft_of", { name: revision.data.contract_id })
    : t("contracts.new");
  usePageTitle(title);
  return (
    <div className="page">
      <div className="crumb">
        <Link to="/contracts">{t("nav.pages.contracts")}</Link>
        <Glyph name="right" className="sm" />
        {revision.data && (
          <>
            <Link to="/contracts/$revisionId" params={{ revisionId: revision.data.revision_id }}>
              {revision.data.contract_id} {revision.data.version}
            </Link>
            <Glyph name="right" className="sm" />
          </>
        )}
        {t("contracts.draft")}
      </div>
      <h1 className="mt-0.5 mb-3 wrap-anywhere">{title}</h1>
      {!isAdmin && <p className="note mb-3">{t("contracts.hindered.role")}</p>}
      {from !== undefined && revision.isPending && <Bones rows={12} label={t("common.loading")} />}
      {revision.isError && (
        <ProblemNote error={revision.error} onRetry={() => revision.refetch()} />
      )}
      {from === undefined && <Drafting from={undefined} />}
      {revision.data && <Drafting key={revision.data.revision_id} from={revision.data} />}
    </div>
  );
}

interface Draft {
  projectId: string;
  family: Family;
  contractId: string;
  text: string;
  notation: Notation;
}

function useStart(from: RevisionDetail | undefined): Draft {
  const search = useSearch({ from: "/console/contracts/new" });
  const project = useProject();
  const projects = useProjects();
  const family = from?.contract_family ?? search.family ?? "agent";
  return {
    projectId: from?.project_id ?? project ?? projects[0]?.project_id ?? "",
    family,
    contractId: from?.contract_id ?? "",
    text: from ? written(from.body, "yaml") : SKELETONS[family],
    notation: "yaml",
  };
}

const SETTLED_MS = 400;

function Drafting(props: { from: RevisionDetail | undefined }) {
  const { t } = useWords();
  const start = useStart(props.from);
  const [draft, setDraft] = useKept(`contract ${props.from?.revision_id ?? ""}`, start);
  const change = (more: Partial<Draft>) => setDraft({ ...draft, ...more });
  const read = useMemo(() => readText(draft.text), [draft.text]);
  const typed = useMemo<TypedContract | undefined>(
    () =>
      read.ok && draft.contractId !== "" && draft.projectId !== ""
        ? {
            project_id: draft.projectId,
            contract_family: draft.family,
            contract_id: draft.contractId,
            body: read.value,
          }
        : undefined,
    [read, draft.contractId, draft.projectId, draft.family],
  );
  const settled = useSettled(typed, SETTLED_MS);
  const checked = useQuery(validationQuery(settled));
  const faults: Fault[] = read.ok ? faultsAt(read, checked.data?.errors ?? []) : read.faults;
  const [place, setPlace] = useState<{ line: number }>();
  const choose = (family: Family) =>
    change({ family, ...(isUntouched(draft) ? { text: SKELETONS[family] } : {}) });
  return (
    <>
      <Identity
        draft={draft}
        isFixed={props.from !== undefined}
        onChange={change}
        onFamily={choose}
      />
      <div className="sides">
        <section>
          <div className="sec">
            <h2>{t("contracts.body")}</h2>
            <span className="flex-1" />
            <NotationChoice draft={draft} onChange={change} />
          </div>
          <Editor
            label={t("contracts.body")}
            value={draft.text}
            faults={faults}
            place={place}
            onChange={(text) => change({ text })}
          />
        </section>
        <aside aria-label={t("contracts.checked")}>
          <Verdict
            faults={faults}
            checked={read.ok && typed !== undefined ? checked : undefined}
            isTyping={typed !== settled || checked.isFetching}
            onLine={(line) => setPlace({ line })}
          />
          <SaveDraft typed={typed} from={props.from} />
        </aside>
      </div>
    </>
  );
}

const isUntouched = (draft: Draft) => Object.values(SKELETONS).includes(draft.text);

function NotationChoice(props: { draft: Draft; onChange: (more: Partial<Draft>) => void }) {
  const { t } = useWords();
  const { draft } = props;
  // What can't be read can't be written otherwise; it stays as it is.
  const choose = (notation: Notation) => {
    const read = readText(draft.text);
    props.onChange({ notation, ...(read.ok ? { text: written(read.value, notation) } : {}) });
  };
  return (
    <Segment<Notation>
      label={t("contracts.notation")}
      value={draft.notation}
      onChange={choose}
      options={[
        { value: "yaml", label: "YAML" },
        { value: "json", label: "JSON" },
      ]}
    />
  );
}

function Identity(props: {
  draft: Draft;
  isFixed: boolean;
  onChange: (more: Partial<Draft>) => void;
  onFamily: (family: Family) => void;
}) {
  const { t } = useWords();
  const id = useId();
  const { draft, isFixed } = props;
  const projects = useProjects();
  return (
    <div className="fields">
      <div>
        <label htmlFor={`${id}p`}>{t("project.label")}</label>
        <select
          id={`${id}p`}
          className="field"
          disabled={isFixed}
          value={draft.projectId}
          onChange={(event) => props.onChange({ projectId: event.target.value })}
        >
          {projects.map((project) => (
            <option key={project.project_id} value={project.project_id}>
              {project.display_name}
            </option>
          ))}
        </select>
      </div>
      <div>
        <label htmlFor={`${id}f`}>{t("contracts.heads.family")}</label>
        <select
          id={`${id}f`}
          className="field"
          disabled={isFixed}
          value={draft.family}
          onChange={(event) => props.onFamily(event.target.value as Family)}
        >
          {FAMILIES.map((family) => (
            <option key={family} value={family}>
              {t(`contracts.families.${family}`)}
            </option>
          ))}
        </select>
      </div>
      <div>
        <label htmlFor={`${id}c`}>{t("contracts.contract_id")}</label>
        <input
          id={`${id}c`}
          className="field mono"
          disabled={isFixed}
          value={draft.contractId}
          spellCheck={false}
          autoComplete="off"
          placeholder="disk-janitor"
          onChange={(event) => props.onChange({ contractId: event.target.value.trim() })}
        />
      </div>
    </div>
  );
}

function SaveDraft(props: { typed: TypedContract | undefined; from: RevisionDetail | undefined }) {
  const { t } = useWords();
  const client = useQueryClient();
  const navigate = useNavigate();
  const isAdmin = useSession()?.role === "admin";
  const { typed } = props;
  const save = useMutation({
    mutationFn: draftContract,
    onSuccess: async (made) => {
      forget(`contract ${props.from?.revision_id ?? ""}`);
      announce(t("contracts.saved", { name: `${made.contract_id} ${made.version}` }));
      await client.invalidateQueries({ queryKey: ["contracts"] });
      await navigate({
        to: "/contracts/$revisionId",
        params: { revisionId: made.revision_id },
      });
    },
  });
  // What is said about another text than the one that stands there is old.
  const { reset } = save;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `typed` is what makes it old
  useEffect(reset, [typed, reset]);
  if (!isAdmin) return null;
  const isReady = typed !== undefined && !save.isPending;
  return (
    <section className="part">
      <Button tone="ink" aria-disabled={!isReady} onClick={() => typed && save.mutate(typed)}>
        {save.isPending ? t("decide.sending") : t("contracts.save")}
      </Button>
      <p className="text-ink-2 text-xs mt-2">
        {typed === undefined ? t("contracts.save_needs") : t("contracts.save_how")}
      </p>
      {save.error && <ProblemNote error={save.error} />}
    </section>
  );
}
