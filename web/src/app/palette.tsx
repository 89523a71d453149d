import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Command } from "cmdk";
import { Dialog as Radix } from "radix-ui";
import { type ReactNode, type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { contractsInForceQuery } from "../features/contracts/queries.ts";
import { askToFreeze } from "../features/freezes/asked.ts";
import { Glyph, type GlyphName } from "../ui/glyphs.tsx";
import { useSettled } from "../ui/use-settled.ts";
import type { RunState } from "./api.ts";
import { shortId } from "./format.ts";
import { hasWords } from "./has-words.ts";
import { chooseLanguage } from "./i18n.ts";
import { usePages } from "./pages.ts";
import { chooseTheme, type Theme, usePreferences } from "./preferences.ts";
import { approvalsQuery, foundRunsQuery } from "./queries.ts";
import { useMayAct, useProject, useProjects } from "./use-session.ts";

const MOST_OF_A_KIND = 6;
const SETTLED_MS = 150;

/** Everything by its name: questions, pages, runs by words or the start of an id, projects, language, theme. */
export function Palette(props: {
  /** What was typed before it was there. */
  typed: RefObject<string>;
  onClose: () => void;
  /** Gives the focus back once it is closed. */
  onReturn: (event: Event) => void;
  onHelp: () => void;
}) {
  const { t } = useTranslation();
  const { text, setText, input, takeOver } = useTyped(props.typed);
  const { list, chosen, setChosen, chooseFirst } = useChosen();
  const { close, onClosed } = useWanted(props);
  return (
    <Radix.Root open onOpenChange={(open) => !open && props.onClose()}>
      <Radix.Portal>
        <div className="veil is-high" data-layer="dialog">
          <Radix.Content
            className="dialog palette"
            aria-describedby={undefined}
            onOpenAutoFocus={(event) => {
              // Radix would select the text, and the next key would replace it.
              event.preventDefault();
              input.current?.focus();
            }}
            onCloseAutoFocus={onClosed}
          >
            <Radix.Title className="sr-only">{t("palette.title")}</Radix.Title>
            <Command
              label={t("palette.title")}
              loop
              vimBindings={false}
              value={chosen}
              onValueChange={setChosen}
              filter={(_, typed, names) => Number(hasWords(names ?? [], typed))}
            >
              <Command.Input
                ref={takeOver}
                className="field"
                placeholder={t("palette.placeholder")}
                value={text}
                onValueChange={setText}
              />
              <Command.List ref={list} label={t("palette.found")}>
                <Command.Empty className="none">{t("palette.none")}</Command.Empty>
                <Questions close={close} text={text} />
                <FoundRuns close={close} text={text} onShown={chooseFirst} />
                <Pages close={close} text={text} />
                <Settings close={close} onHelp={props.onHelp} />
              </Command.List>
            </Command>
          </Radix.Content>
        </div>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** What one chooses is done once the focus is back, so that a dialog that it opens gives it back there as well. */
function useWanted(props: { onClose: () => void; onReturn: (event: Event) => void }) {
  const wanted = useRef<() => unknown>(undefined);
  const close = (act: () => unknown) => () => {
    wanted.current = act;
    props.onClose();
  };
  const onClosed = (event: Event) => {
    props.onReturn(event);
    wanted.current?.();
  };
  return { close, onClosed };
}

/**
 * The text, beginning with what was typed before. It is taken over in one go with the end of what stood here meanwhile: that
 * may have been typed into since this was rendered, and keys that came in between would be the page's.
 */
function useTyped(before: RefObject<string>) {
  const [text, setText] = useState("");
  const input = useRef<HTMLInputElement>(null);
  const takeOver = useCallback(
    (element: HTMLInputElement | null) => {
      input.current = element;
      if (!element) return;
      setText(before.current);
      element.focus();
    },
    [before],
  );
  return { text, setText, input, takeOver };
}

/** Which of the choices ↵ means; `chooseFirst` takes the first where the chosen one is not among them any more. */
function useChosen() {
  const [chosen, setChosen] = useState("");
  const list = useRef<HTMLDivElement>(null);
  const chooseFirst = () => {
    const choices = [...(list.current?.querySelectorAll<HTMLElement>("[cmdk-item]") ?? [])];
    const first = choices[0]?.dataset.value;
    if (first !== undefined && !choices.some((item) => item.dataset.value === chosen))
      setChosen(first);
  };
  return { list, chosen, setChosen, chooseFirst };
}

interface Part {
  close: (act: () => unknown) => () => void;
}

function Choice(props: {
  id: string;
  names: string[];
  glyph?: GlyphName;
  tone?: string;
  note?: ReactNode;
  always?: boolean;
  onSelect: () => void;
  children: ReactNode;
}) {
  return (
    <Command.Item
      className="opt"
      value={props.id}
      keywords={props.names}
      forceMount={props.always ?? false}
      onSelect={props.onSelect}
    >
      {props.glyph ? <Glyph name={props.glyph} className={props.tone ?? ""} /> : <span />}
      <span className="cut flex-1" title={props.names[0]}>
        {props.children}
      </span>
      {props.note && <span className="text-xs text-ink-3 num">{props.note}</span>}
    </Command.Item>
  );
}

function Questions({ close, text }: Part & { text: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const questions = useQuery(approvalsQuery(useProject())).data?.items ?? [];
  const names = (question: (typeof questions)[number]) => [
    question.headline,
    question.tool,
    question.agent_id,
    question.approval_id,
    question.run_id,
  ];
  const found = questions.filter((question) => hasWords(names(question), text));
  return (
    <Command.Group heading={t("inbox.waiting")}>
      {found.slice(0, text === "" ? 3 : MOST_OF_A_KIND).map((question) => (
        <Choice
          key={question.approval_id}
          id={question.approval_id}
          names={names(question)}
          glyph="waiting"
          tone="text-you-text"
          note={question.tool}
          onSelect={close(() =>
            navigate({
              to: "/approvals",
              search: (old) => ({ ...old, question: question.approval_id }),
            }),
          )}
        >
          {question.headline}
        </Choice>
      ))}
    </Command.Group>
  );
}

const GLYPH_OF: Record<RunState, GlyphName> = {
  pending: "pending",
  running: "running",
  waiting_approval: "waiting",
  completed: "completed",
  failed: "failed",
  cancelled: "cancelled",
  timed_out: "clock",
};

/** The server looks for them; what it finds is shown whatever the words were. */
function FoundRuns({ close, text, onShown }: Part & { text: string; onShown: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const project = useProject();
  const words = useSettled(text.trim(), SETTLED_MS);
  const found = useQuery(foundRunsQuery(project, words, MOST_OF_A_KIND));
  // It comes later than the choice among what was there: ↵ has to mean the first of what one sees.
  useEffect(onShown);
  if (words === "" || text.trim() === "" || !found.data?.runs.length) return null;
  return (
    <Command.Group heading={t("nav.pages.runs")} forceMount>
      {found.data.runs.map((run) => (
        <Choice
          key={run.run_id}
          id={run.run_id}
          names={[run.title]}
          always
          glyph={GLYPH_OF[run.state]}
          note={`${run.agent_id} ${shortId(run.run_id)}`}
          onSelect={close(() =>
            navigate({
              to: "/runs/$projectId/$runId",
              params: { projectId: run.project_id, runId: run.run_id },
            }),
          )}
        >
          {run.title}
        </Choice>
      ))}
    </Command.Group>
  );
}

/** The pages, and what some of them are of. */
function Pages({ close, text }: Part & { text: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  return (
    <>
      <Command.Group heading={t("palette.pages")}>
        {usePages().map((page) => {
          const name = t(`nav.pages.${page.label}`);
          return (
            <Choice
              key={page.to}
              id={page.to}
              names={[name]}
              glyph={page.glyph}
              note={page.key && `g ${page.key}`}
              onSelect={close(() => navigate({ to: page.to }))}
            >
              {name}
            </Choice>
          );
        })}
      </Command.Group>
      <Contracts close={close} text={text} />
      <Projects close={close} text={text} />
    </>
  );
}

/** The contracts in force, by name. */
function Contracts({ close, text }: Part & { text: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const contracts = useQuery(contractsInForceQuery(useProject())).data?.contracts ?? [];
  if (text === "") return null;
  const found = contracts.filter((each) => hasWords([each.contract_id], text));
  return (
    <Command.Group heading={t("nav.pages.contracts")}>
      {found.slice(0, MOST_OF_A_KIND).map((each) => (
        <Choice
          key={each.revision_id}
          id={each.revision_id}
          names={[each.contract_id]}
          glyph="contracts"
          note={`${t(`contracts.families.${each.contract_family}`)} ${each.project_id}`}
          onSelect={close(() =>
            navigate({
              to: "/contracts/$revisionId",
              params: { revisionId: each.revision_id },
            }),
          )}
        >
          {each.contract_id} {each.version_major}.{each.version_minor}
        </Choice>
      ))}
    </Command.Group>
  );
}

function Projects({ close, text }: Part & { text: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const projects = useProjects();
  if (text === "" || projects.length < 2) return null;
  const go = (project: string | undefined) =>
    close(() => navigate({ to: ".", search: (old: object) => ({ ...old, project }) }));
  const found = projects.filter((each) => hasWords([each.display_name, each.project_id], text));
  return (
    <Command.Group heading={t("project.label")}>
      <Choice id="project" names={[t("project.all")]} glyph="tenants" onSelect={go(undefined)}>
        {t("project.all")}
      </Choice>
      {found.slice(0, MOST_OF_A_KIND).map(({ project_id: id, display_name: name }) => (
        <Choice
          key={id}
          id={`project ${id}`}
          names={[name, id]}
          glyph="tenants"
          note={id}
          onSelect={go(id)}
        >
          {name}
        </Choice>
      ))}
    </Command.Group>
  );
}

function Settings({ close, onHelp }: Part & { onHelp: () => void }) {
  const { t, i18n } = useTranslation();
  const client = useQueryClient();
  const { theme } = usePreferences();
  const mayAct = useMayAct();
  const project = useProject();
  const other = i18n.language === "zh-TW" ? "en" : "zh-TW";
  const otherName = other === "en" ? "English" : "繁體中文";
  const themes = (["system", "light", "dark"] satisfies Theme[]).filter((each) => each !== theme);
  return (
    <Command.Group heading={t("palette.do")}>
      <Choice
        id="language"
        names={[t("language.label"), otherName]}
        onSelect={close(async () => {
          await chooseLanguage(other);
          await client.invalidateQueries();
        })}
      >
        {otherName}
      </Choice>
      {themes.map((each) => (
        <Choice
          key={each}
          id={`theme ${each}`}
          names={[t("theme.label"), t(`theme.${each}`)]}
          glyph="theme"
          onSelect={close(() => chooseTheme(each))}
        >
          {t("palette.theme", { theme: t(`theme.${each}`) })}
        </Choice>
      ))}
      {mayAct && (
        <Choice
          id="freeze"
          names={[t("freeze.open")]}
          glyph="freeze"
          tone="text-stop-text"
          onSelect={close(() => askToFreeze(project ? { projectId: project } : {}))}
        >
          {t("freeze.open")}
        </Choice>
      )}
      <Choice id="keys" names={[t("keys.title")]} note="?" onSelect={close(onHelp)}>
        {t("keys.title")}
      </Choice>
    </Command.Group>
  );
}
