import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useNow } from "../../app/clock.ts";
import { agentsQuery } from "../../app/queries.ts";
import { useProjects, useSession } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { announce } from "../../ui/announce.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { Kbd, Segment } from "../../ui/marks.tsx";
import { ProblemNote } from "../../ui/problem.tsx";
import type { FreezeWish } from "./asked.ts";
import {
  type Frozen,
  type InFlightCall,
  inFlightQuery,
  type NewFreeze,
  setFreeze,
} from "./queries.ts";

type Scope = NewFreeze["scope"];

interface Choice {
  scope: Scope;
  projectId: string;
  agentId: string;
}

/** Two presses and no typing: what is to be frozen, and at once. Freezing is safe; lifting needs a reason. */
export default function FreezeDialog(props: { wish: FreezeWish; onClose: () => void }) {
  const { t } = useWords();
  const [frozen, setFrozen] = useState<Frozen>();
  return (
    <Dialog
      title={<Title>{frozen ? t("freeze.done") : t("freeze.what")}</Title>}
      onClose={props.onClose}
    >
      {frozen ? (
        <Done frozen={frozen} onClose={props.onClose} />
      ) : (
        <Ask {...props} onFrozen={setFrozen} />
      )}
    </Dialog>
  );
}

function Title(props: { children: string }) {
  return (
    <>
      <Glyph name="freeze" className="text-stop-text" />
      {props.children}
    </>
  );
}

function useChoice(wish: FreezeWish) {
  const projects = useProjects();
  const isPlatform = useSession()?.is_platform ?? false;
  const only = projects.length === 1 ? projects[0]?.project_id : undefined;
  const projectId = wish.projectId ?? only ?? "";
  const scope: Scope = wish.agentId ? "agent" : projectId || !isPlatform ? "project" : "platform";
  const [choice, setChoice] = useState<Choice>({
    scope,
    projectId: projectId || (projects[0]?.project_id ?? ""),
    agentId: wish.agentId ?? "",
  });
  const agents = useQuery({
    ...agentsQuery(choice.projectId),
    enabled: choice.scope === "agent" && choice.projectId !== "",
  }).data?.contracts.map((contract) => contract.contract_id);
  const names = [...new Set([...(wish.agentId ? [wish.agentId] : []), ...(agents ?? [])])].sort();
  const agentId = names.includes(choice.agentId) ? choice.agentId : (names[0] ?? "");
  return { choice: { ...choice, agentId }, setChoice, agents: names, projects, isPlatform };
}

function Ask(props: { wish: FreezeWish; onClose: () => void; onFrozen: (frozen: Frozen) => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const { choice, setChoice, agents, projects, isPlatform } = useChoice(props.wish);
  const [reason, setReason] = useState("");
  const name = useNameOf(choice);
  const freeze = useMutation({
    mutationFn: () => setFreeze(wishOf(choice, reason.trim() || t("freeze.default_reason"))),
    onSuccess: async (frozen) => {
      announce(t("freeze.announced", { name }));
      props.onFrozen(frozen);
      await client.invalidateQueries({ queryKey: ["freezes"] });
    },
  });
  const inFlight = useQuery(inFlightQuery(placeOf(choice))).data;
  const isReady = choice.scope !== "agent" || choice.agentId !== "";
  const scopes: { value: Scope; label: string }[] = [
    { value: "agent", label: t("freeze.scope.agent") },
    { value: "project", label: t("freeze.scope.project") },
    ...(isPlatform ? [{ value: "platform" as const, label: t("freeze.scope.platform") }] : []),
  ];
  return (
    <>
      <Segment
        className="mb-2"
        label={t("freeze.what")}
        value={choice.scope}
        options={scopes}
        onChange={(scope) => setChoice({ ...choice, scope })}
      />
      <Places choice={choice} onChange={setChoice} agents={agents} projects={projects} />
      <p className="text-ink-2 my-2">
        {t("freeze.effect")} {inFlight && <Underway count={inFlight.total} />}
      </p>
      <InFlight calls={inFlight?.calls ?? []} />
      <ReasonInput value={reason} onChange={setReason} />
      {freeze.error && <ProblemNote error={freeze.error} />}
      <div className="foot">
        <Button onClick={props.onClose}>
          {t("common.back")}
          <Kbd>Esc</Kbd>
        </Button>
        <Button
          tone="stop"
          // The second press needs no aiming, unless it would stop every project.
          autoFocus={choice.scope !== "platform"}
          aria-disabled={!isReady || freeze.isPending}
          onClick={() => freeze.mutate()}
        >
          <Glyph name="freeze" />
          {freeze.isPending ? t("decide.sending") : t("freeze.now", { name })}
        </Button>
      </div>
    </>
  );
}

function useNameOf(choice: Choice): string {
  const { t } = useWords();
  const project = useProjects().find((each) => each.project_id === choice.projectId);
  if (choice.scope === "platform") return t("freeze.everything");
  return choice.scope === "agent" ? choice.agentId : (project?.display_name ?? choice.projectId);
}

function wishOf({ scope, projectId, agentId }: Choice, reason: string): NewFreeze {
  if (scope === "platform") return { scope, reason };
  return {
    scope,
    project_id: projectId,
    reason,
    ...(scope === "agent" ? { agent_id: agentId } : {}),
  };
}

const placeOf = ({ scope, projectId, agentId }: Choice) =>
  scope === "platform" ? {} : { projectId, ...(scope === "agent" ? { agentId } : {}) };

function Places(props: {
  choice: Choice;
  onChange: (choice: Choice) => void;
  agents: string[];
  projects: { project_id: string; display_name: string }[];
}) {
  const { t } = useWords();
  const id = useId();
  const { choice, projects } = props;
  if (choice.scope === "platform") return null;
  return (
    <div className="fields">
      {projects.length > 1 && (
        <div>
          <label htmlFor={`${id}p`}>{t("project.label")}</label>
          <select
            id={`${id}p`}
            className="field"
            value={choice.projectId}
            onChange={(event) => props.onChange({ ...choice, projectId: event.target.value })}
          >
            {projects.map((project) => (
              <option key={project.project_id} value={project.project_id}>
                {project.display_name}
              </option>
            ))}
          </select>
        </div>
      )}
      {choice.scope === "agent" && (
        <div>
          <label htmlFor={`${id}a`}>{t("freeze.agent")}</label>
          <select
            id={`${id}a`}
            className="field"
            value={choice.agentId}
            disabled={props.agents.length === 0}
            onChange={(event) => props.onChange({ ...choice, agentId: event.target.value })}
          >
            {props.agents.map((agent) => (
              <option key={agent} value={agent}>
                {agent}
              </option>
            ))}
          </select>
          {props.agents.length === 0 && (
            <p className="text-ink-2 text-xs mt-1">{t("freeze.no_agent")}</p>
          )}
        </div>
      )}
    </div>
  );
}

const REASON_MAX = 500;

function ReasonInput(props: { value: string; onChange: (text: string) => void }) {
  const { t } = useWords();
  const id = useId();
  return (
    <>
      <label htmlFor={id}>{t("decide.reason_optional")}</label>
      <input
        id={id}
        className="field"
        maxLength={REASON_MAX}
        value={props.value}
        placeholder={t("freeze.default_reason")}
        onChange={(event) => props.onChange(event.target.value)}
      />
    </>
  );
}

function Underway(props: { count: number }) {
  const { t } = useWords();
  return props.count === 0
    ? t("freeze.none_on_their_way")
    : t("freeze.on_their_way", { count: props.count });
}

/** Calls that a tool server has been sent: they go on to their end. */
function InFlight(props: { calls: InFlightCall[] }) {
  const { t, duration } = useWords();
  const now = useNow();
  return (
    <ul className="in-flight">
      {props.calls.map((call) => (
        <li key={call.call_id}>
          <Glyph name={call.effect} className="sm" />
          <b className="mono wrap-anywhere">{call.tool_name}</b>
          <span className="text-ink-2 wrap-anywhere">
            {t("freeze.no_way_back", { server: call.server ?? "–" })}
          </span>
          <span className="num text-ink-2 text-xs">
            {duration(Math.max(0, now - Date.parse(call.started_at)))}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** It holds. What had got through is watched on its way home. */
function Done(props: { frozen: Frozen; onClose: () => void }) {
  const { t } = useWords();
  const { frozen } = props;
  const place = {
    ...(frozen.project_id ? { projectId: frozen.project_id } : {}),
    ...(frozen.agent_id ? { agentId: frozen.agent_id } : {}),
  };
  const now = useQuery(inFlightQuery(place)).data;
  const calls = now?.calls ?? frozen.in_flight;
  const total = now?.total ?? frozen.in_flight_total;
  return (
    <>
      <p className="text-ink-2 my-2">
        {t("freeze.holds")} <Underway count={total} />
      </p>
      <InFlight calls={calls} />
      <div className="foot">
        <Button tone="ink" onClick={props.onClose}>
          {t("common.close")}
        </Button>
      </div>
    </>
  );
}
