import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { usePageTitle } from "../../app/title.ts";
import { useWords } from "../../app/words.ts";
import { Fact, Facts } from "../../ui/facts.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { Bones, ProblemNote } from "../../ui/problem.tsx";
import { useOpened } from "../../ui/use-opened.ts";
import { CallsPerHour } from "./calls-per-hour.tsx";
import { HealthMark, HealthNote } from "./health.tsx";
import { Pins } from "./pins.tsx";
import { type ToolServerDetail, toolServerQuery } from "./queries.ts";
import { Reviews, useReviews } from "./reviews.tsx";

/** One tool server: how it is, what changed in it, its tools with their pins, who may call them, and its calls. */
export function ToolServerPage() {
  const { t } = useWords();
  const { projectId, serverId } = useParams({ from: "/console/tool-servers/$projectId/$serverId" });
  const server = useQuery(toolServerQuery(projectId, serverId));
  const isChanged = (server.data?.changed_tools ?? 0) > 0;
  const { areComing } = useReviews(projectId, serverId, isChanged);
  const isOpen = useOpened(`${projectId}/${serverId}`, server.data !== undefined && !areComing);
  const found = isOpen ? server.data : undefined;
  usePageTitle(serverId);
  return (
    <div className="page">
      <div className="crumb">
        <Link to="/tool-servers">{t("nav.pages.tool_servers")}</Link>
        <Glyph name="right" className="sm" />
        {projectId}
      </div>
      <div className="head mt-0.5 mb-3">
        <h1 className="min-w-0 wrap-anywhere">{serverId}</h1>
        {found && (
          <span className="pt-0.5">
            <HealthMark state={found.health.state} />
          </span>
        )}
      </div>
      {!found && !server.isError && <Bones rows={10} label={t("common.loading")} />}
      {server.isError && <ProblemNote error={server.error} onRetry={() => server.refetch()} />}
      {found && <Loaded server={found} />}
    </div>
  );
}

function Loaded(props: { server: ToolServerDetail }) {
  const { server } = props;
  return (
    <>
      <ServerFacts server={server} />
      <HealthNote health={server.health} />
      <Reviews server={server} />
      <div className="sides">
        <section>
          <Pins server={server} />
          <CallsPerHour calls={server.calls} />
        </section>
        <Aside server={server} />
      </div>
    </>
  );
}

function ServerFacts(props: { server: ToolServerDetail }) {
  const { t, when } = useWords();
  const { server } = props;
  const says = server.processes.find((process) => process.server_name !== null);
  return (
    <Facts>
      <Fact name={t("servers.address")}>
        <span className="mono" title={server.address}>
          {server.address}
        </span>
      </Fact>
      <Fact name={t("contracts.heads.contract")}>
        <Link to="/contracts/$revisionId" params={{ revisionId: server.revision_id }}>
          {server.server_id} {server.version}
        </Link>
      </Fact>
      <Fact name={t("servers.says")}>
        {says ? `${says.server_name} ${says.server_version ?? ""}` : t("servers.says_nothing")}
      </Fact>
      <Fact name={t("servers.protocol")}>
        {says?.protocol_version ?? t("servers.says_nothing")}
      </Fact>
      <Fact name={t("servers.last_ok")}>
        {server.health.last_ok_at ? when(server.health.last_ok_at, Date.now()) : t("servers.never")}
      </Fact>
    </Facts>
  );
}

function Aside(props: { server: ToolServerDetail }) {
  const { t } = useWords();
  const { server } = props;
  return (
    <aside aria-label={t("servers.about")}>
      <section className="part">
        <h2>{t("servers.agents")}</h2>
        {server.agents.length === 0 && <p className="text-ink-2">{t("servers.no_agents")}</p>}
        <ul className="past-steps">
          {server.agents.map((agent) => (
            <li key={agent.agent_id} className="is-revision">
              <Link to="/contracts/$revisionId" params={{ revisionId: agent.revision_id }}>
                {agent.agent_id}
              </Link>
              <span className="text-ink-2">
                {agent.observes ? t("servers.observes") : agent.tools.join(", ")}
              </span>
            </li>
          ))}
        </ul>
      </section>
      <section className="part">
        <h2>{t("servers.settings")}</h2>
        <dl className="kv">
          {Object.entries(server.settings).map(([name, value]) => (
            <div key={name} className="contents">
              <dt>
                <code>{name}</code>
              </dt>
              <dd>{value ?? t("servers.no_limit")}</dd>
            </div>
          ))}
        </dl>
      </section>
      {server.processes.length > 0 && <Processes server={server} />}
    </aside>
  );
}

/** Each process of ours has its own connection, and its own opinion. */
function Processes(props: { server: ToolServerDetail }) {
  const { t, when } = useWords();
  return (
    <section className="part">
      <h2>{t("servers.processes")}</h2>
      <ul className="past-steps">
        {props.server.processes.map((process) => (
          <li key={process.process_id} className="is-revision">
            <HealthMark state={process.state} />
            <span className="text-ink-2">
              {process.restarts > 0 && t("servers.restarts", { count: process.restarts })}{" "}
              {process.held_to && process.held_to.length > 0 && (
                <>
                  {t("servers.held_to")} <code>{process.held_to.join(", ")}</code>
                </>
              )}
            </span>
            {process.observed_at && (
              <time className="text-ink-3 text-xs" dateTime={process.observed_at}>
                {when(process.observed_at, Date.now())}
              </time>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
