import { APPROVALS } from "./isolation-approvals.ts";
import { OAUTH_CLIENTS } from "./isolation-oauth.ts";
import { PEOPLE } from "./isolation-people.ts";
import { type EndpointCase, get, post, type ReachingCase } from "./isolation-shapes.ts";
import { TOOL_REVIEWS } from "./isolation-tools.ts";

function action(name: string, fields: object): NonNullable<ReachingCase["reach"]> {
  return ({ run, project }, own) => [
    post(`/runs/${run}/${name}`, fields),
    post(`/runs/${run}/${name}`, { project_id: project, ...fields }),
    post(`/runs/${run}/${name}`, { project_id: own.projectId, ...fields }),
  ];
}

const freeze = (scope: string, project_id: string) => ({ scope, project_id, reason: "mine now" });
const keyFor = (project: string) => ({ name: "spy", role: "viewer", project_ids: [project] });
const channel = (project?: string) => ({
  contract_family: "channel",
  contract_id: "spy",
  ...(project === undefined ? {} : { project_id: project }),
  body: { type: "console" },
});

/** An action on many runs that no test target is among. */
export const bulkIn = (project: string) => ({
  project_id: project,
  action: "cancel",
  filter: { state: "timed_out" },
  reason: "mine now",
});

const onRevision =
  (event: string): NonNullable<ReachingCase["reach"]> =>
  ({ revision }) => [post(`/contracts/${revision}/${event}`, { reason: "mine now" })];

/** Every operation of /api/v1/openapi.json; a new one needs its case, or test/isolation.test.ts fails. */
export const ENDPOINTS: Record<string, EndpointCase> = {
  ...APPROVALS,
  "GET /agents/{agent_id}/template": {
    as: "operator",
    works: 200,
    reach: ({ project }) => [get(`/agents/spy/template?project_id=${project}&server_id=tools`)],
  },
  "GET /agents/{agent_id}/proposal": {
    as: "viewer",
    works: 200,
    reach: ({ project }) => [get(`/agents/helper/proposal?project_id=${project}`)],
  },
  "GET /audit-log": {
    as: "viewer",
    works: 200,
    // Of one kind, for a page does not hold all that happens in these tests.
    list: { items: "entries", all: "/audit-log?action=tenant.create" },
    reach: ({ project, run }) => [
      get(`/audit-log?project_id=${project}`),
      get(`/audit-log?project_id=${project}&target=${run}`),
    ],
  },
  "GET /channel-events": {
    as: "viewer",
    works: 200,
    list: { items: "events", all: "/channel-events" },
    reach: ({ project }) => [
      get(`/channel-events?project_id=${project}`),
      get(`/channel-events?project_id=${project}&provider_prefix=f`),
    ],
  },
  "GET /channel-cases": {
    as: "viewer",
    works: 200,
    list: { items: "cases" },
    reach: ({ project }) => [get(`/channel-cases?project_id=${project}`)],
  },
  "GET /channels": {
    as: "viewer",
    works: 200,
    list: { items: "channels" },
    reach: ({ project }) => [get(`/channels?project_id=${project}`)],
  },
  "GET /channels/{channel_id}": {
    as: "viewer",
    works: 200,
    reach: ({ project }) => [get(`/channels/alerts?project_id=${project}`)],
  },
  "GET /outbound-messages": {
    as: "viewer",
    works: 200,
    list: { items: "messages" },
    reach: ({ project }) => [get(`/outbound-messages?project_id=${project}`)],
  },
  "POST /outbound-messages/{message_id}/resend": {
    as: "operator",
    works: 200,
    reach: ({ project, message: id }) => [
      post(`/outbound-messages/${id}/resend`, { project_id: project }),
    ],
  },
  "GET /contracts": {
    as: "viewer",
    works: 200,
    list: { items: "contracts", all: "/contracts" },
    reach: ({ project }) => [
      get(`/contracts?project_id=${project}`),
      get(`/contracts?project_id=${project}&contract_id=helper`),
    ],
  },
  "POST /contracts": {
    as: "admin",
    works: 201,
    reach: ({ project }) => [post("/contracts", channel(project))],
  },
  "POST /contracts/validate": {
    as: "operator",
    works: 200,
    reach: ({ project }) => [post("/contracts/validate", channel(project))],
  },
  "POST /contracts/{revision_id}/submit": { as: "admin", works: 409, reach: onRevision("submit") },
  "POST /contracts/{revision_id}/approve": {
    as: "admin",
    works: 409,
    reach: onRevision("approve"),
  },
  "POST /contracts/{revision_id}/reject": { as: "admin", works: 409, reach: onRevision("reject") },
  "POST /contracts/{revision_id}/activate": {
    as: "admin",
    works: 409,
    reach: onRevision("activate"),
  },
  "POST /contracts/{revision_id}/deprecate": {
    as: "admin",
    works: 200,
    reach: onRevision("deprecate"),
  },
  "POST /contracts/{revision_id}/retire": { as: "admin", works: 409, reach: onRevision("retire") },
  "GET /contracts/{a}/diff/{b}": {
    as: "viewer",
    works: 200,
    reach: ({ revision }) => [get(`/contracts/${revision}/diff/${revision}`)],
  },
  "POST /contracts/apply": {
    as: "admin",
    works: 200,
    reach: ({ project }, own) => [
      post("/contracts/apply", { project_id: project, documents: [channel()] }),
      post("/contracts/apply", { documents: [channel(project)] }),
      post("/contracts/apply", { project_id: own.projectId, documents: [channel(project)] }),
      post("/contracts/apply", { project_id: project, documents: [channel()], dry_run: true }),
    ],
  },
  "GET /contracts/{revision_id}": {
    as: "viewer",
    works: 200,
    reach: ({ revision }) => [get(`/contracts/${revision}`)],
  },
  "GET /events": { provenBy: "events" },
  "GET /calls/in-flight": {
    as: "viewer",
    works: 200,
    list: { items: "calls", all: "/calls/in-flight" },
    reach: ({ project }) => [
      get(`/calls/in-flight?project_id=${project}`),
      get(`/calls/in-flight?project_id=${project}&agent_id=hanging`),
    ],
  },
  "GET /freezes": {
    as: "viewer",
    works: 200,
    list: { items: "freezes", all: "/freezes" },
    reach: ({ project }) => [
      get(`/freezes?project_id=${project}`),
      get(`/freezes?project_id=${project}&standing=true`),
    ],
  },
  "POST /freezes": {
    as: "operator",
    works: 201,
    reach: ({ project, spareAgent }) => [
      post("/freezes", { ...freeze("agent", project), agent_id: spareAgent }),
    ],
  },
  "POST /freezes/{freeze_id}/lift": {
    as: "admin",
    works: 200,
    reach: ({ freeze: id }) => [post(`/freezes/${id}/lift`, { reason: "mine now" })],
  },
  "GET /keys": {
    as: "admin",
    works: 200,
    list: { items: "keys", all: "/keys" },
  },
  "POST /keys": {
    as: "admin",
    works: 201,
    reach: ({ project }, own) => [
      post("/keys", keyFor(project)),
      post("/keys", { ...keyFor(project), project_ids: [own.projectId, project] }),
      post("/keys", { ...keyFor(project), role: "agent", agent_id: "helper" }),
    ],
  },
  "DELETE /keys/{key_id}": {
    as: "admin",
    works: 204,
    reach: ({ key }) => [{ method: "DELETE", path: `/keys/${key}` }],
  },
  ...OAUTH_CLIENTS,
  ...PEOPLE,
  ...TOOL_REVIEWS,
  "GET /runs": {
    as: "viewer",
    works: 200,
    list: { items: "runs", all: "/runs" },
    reach: ({ project, run }) => [
      get(`/runs?project_id=${project}`),
      get(`/runs?q=${run}`),
      get(`/runs?q=${project}`),
      get(`/runs?q=${project}&project_id=${project}&sort=cost_usd`),
      get(`/runs?project_id=${project}&state=waiting_approval`),
      get(`/runs?project_id=${project}&agent_id=helper`),
      get(`/runs?project_id=${project}&page=1&per_page=200`),
      get(`/runs?project_id=${project}&agent_id=janitor`),
    ],
  },
  "GET /runs/bulk": {
    as: "viewer",
    works: 200,
    list: { items: "bulk_actions", all: "/runs/bulk" },
    reach: ({ project }) => [
      get(`/runs/bulk?project_id=${project}`),
      get(`/runs/bulk?project_id=${project}&status=done`),
    ],
  },
  "POST /runs/bulk": {
    as: "operator",
    works: 202,
    reach: ({ project }) => [
      post("/runs/bulk", bulkIn(project)),
      post("/runs/bulk", { ...bulkIn(project), dry_run: true }),
      post("/runs/bulk", { ...bulkIn(project), filter: {}, all: true, at_most: 1 }),
    ],
  },
  "GET /runs/bulk/{bulk_id}": {
    as: "viewer",
    works: 200,
    reach: ({ bulk }) => [get(`/runs/bulk/${bulk}`)],
  },
  "GET /runs/bulk/{bulk_id}/results": {
    as: "viewer",
    works: 200,
    reach: ({ bulk }) => [
      get(`/runs/bulk/${bulk}/results`),
      get(`/runs/bulk/${bulk}/results?outcome=refused`),
    ],
  },
  "POST /runs": {
    as: "agent",
    works: 201,
    reach: ({ project }) => [post("/runs", { project_id: project })],
  },
  "GET /runs/{run_id}": {
    as: "viewer",
    works: 200,
    reach: ({ run, ended, project }, own) => [
      get(`/runs/${run}`),
      get(`/runs/${run}?project_id=${project}`),
      get(`/runs/${run}?project_id=${own.projectId}`),
      get(`/runs/${ended}`),
    ],
  },
  "POST /runs/{run_id}/cancel": {
    as: "operator",
    works: 200,
    reach: action("cancel", { reason: "mine now" }),
  },
  "POST /runs/{run_id}/complete": {
    as: "agent",
    works: 409,
    reach: action("complete", { result: 1 }),
  },
  "POST /runs/{run_id}/fail": {
    as: "agent",
    works: 200,
    reach: action("fail", { error_code: "E-SPY" }),
  },
  "POST /runs/{run_id}/retry": {
    as: "operator",
    works: 200,
    reach: ({ ended, project }, own) => [
      post(`/runs/${ended}/retry`, {}),
      post(`/runs/${ended}/retry`, { project_id: project }),
      post(`/runs/${ended}/retry`, { project_id: own.projectId }),
    ],
  },
  "GET /runs/{run_id}/timeline": {
    as: "viewer",
    works: 200,
    reach: ({ run, ended, project }, own) => [
      get(`/runs/${run}/timeline?records=true`),
      get(`/runs/${ended}/timeline?order=desc&kind=mcp`),
      get(`/runs/${run}/timeline?project_id=${project}`),
      get(`/runs/${run}/timeline?project_id=${own.projectId}`),
    ],
  },
  "POST /runs/{run_id}/usage": {
    as: "agent",
    works: 200,
    reach: action("usage", { cost_usd: 1, model: "m", input_tokens: 1, output_tokens: 1 }),
  },
  "GET /secrets": {
    as: "operator",
    works: 200,
    list: { items: "secrets" },
    reach: ({ project }) => [get(`/secrets?project_id=${project}`)],
  },
  "PUT /secrets/{name}": {
    as: "admin",
    works: 200,
    reach: ({ secret, project }) => [
      { method: "PUT", path: `/secrets/${secret}`, body: { project_id: project, value: "spy" } },
    ],
  },
  "DELETE /secrets/{name}": {
    as: "admin",
    works: 204,
    reach: ({ secret, project }, own) => [
      { method: "DELETE", path: `/secrets/${secret}?project_id=${project}` },
      { method: "DELETE", path: `/secrets/${secret}?project_id=${own.projectId}` },
    ],
  },
  "GET /session": { provenBy: "sessions" },
  "POST /signing-keys/rotate": { as: "platform", works: 201 },
  "POST /session": { provenBy: "sessions" },
  "DELETE /session": { provenBy: "sessions" },
  "GET /tenants": {
    as: "viewer",
    works: 200,
    list: { items: "tenants", all: "/tenants" },
  },
  "POST /tenants": {
    as: "platform",
    works: 409,
    reach: ({ project }) => [post("/tenants", { project_id: project, display_name: "Spy" })],
  },
  "GET /tenants/{project_id}": {
    as: "viewer",
    works: 200,
    reach: ({ project }) => [get(`/tenants/${project}`)],
  },
  "GET /tenants/{project_id}/spend": {
    as: "viewer",
    works: 200,
    reach: ({ project }) => [
      get(`/tenants/${project}/spend`),
      get(`/tenants/${project}/spend?months=120`),
    ],
  },
  "PATCH /tenants/{project_id}": {
    as: "platform",
    works: 200,
    reach: ({ project }) => [
      { method: "PATCH", path: `/tenants/${project}`, body: { display_name: "bravo, renamed" } },
    ],
  },
  "POST /tool-calls": {
    as: "agent",
    works: 200,
    reach: ({ project, run }) => [
      post("/tool-calls", { project_id: project, tool: "look", arguments: { name: "spy" } }),
      post("/tool-calls", { run_id: run, tool: "look", arguments: { name: "spy" } }),
    ],
  },
  "GET /overview": {
    as: "viewer",
    works: 200,
    reach: ({ project }) => [
      get(`/overview?project_id=${project}`),
      get(`/overview?project_id=${project}&hours=168`),
    ],
  },
  "GET /tool-servers": {
    as: "viewer",
    works: 200,
    list: { items: "tool_servers", all: "/tool-servers" },
    reach: ({ project }) => [get(`/tool-servers?project_id=${project}`)],
  },
  "GET /tool-servers/{server_id}": {
    as: "viewer",
    works: 200,
    reach: ({ project }) => [get(`/tool-servers/tools?project_id=${project}`)],
  },
};
