/** Who asks. */
export const CALLERS = ["admin", "operator", "member", "outsider", "agent"] as const;
export type CallerName = (typeof CALLERS)[number];

/**
 * What comes of asking for a thing of the project alpha: it is `reached` (answered, or refused for what state it is in),
 * looks `unknown` like what was never there, or the key is `refused` whatever is asked for.
 */
export type Outcome = "reached" | "unknown" | "refused";

/**
 * For, in this order: an administrator of the platform, an operator of the platform, an administrator of alpha and
 * bravo, an administrator of charlie, and an agent's key of alpha that opened the run.
 */
type Row = readonly [Outcome, Outcome, Outcome, Outcome, Outcome];

const READ: Row = ["reached", "reached", "reached", "unknown", "refused"];
const OWN_RUN: Row = ["reached", "reached", "reached", "unknown", "reached"];
const OPERATE = READ;
/** What is a person's own is for an administrator as well, and for nobody else. */
const ONES_OWN: Row = ["reached", "unknown", "reached", "unknown", "refused"];
const ADMINISTER: Row = ["reached", "refused", "reached", "unknown", "refused"];
const PLATFORM: Row = ["reached", "refused", "refused", "refused", "refused"];
const AGENT: Row = ["refused", "refused", "refused", "refused", "reached"];

/** Every operation that names something of a project. */
export const REACHES: Record<string, Row> = {
  "GET /agents/{agent_id}/template": OPERATE,
  "GET /agents/{agent_id}/proposal": READ,
  "GET /approvals": READ,
  "GET /approvals/{approval_id}/record": READ,
  "GET /approvals/{approval_id}/wait": OWN_RUN,
  "GET /approvals/{approval_id}": READ,
  "POST /approvals/decide-many": OPERATE,
  "POST /approvals/{run_id}/decide": OPERATE,
  "GET /audit-log": READ,
  "GET /channel-cases": READ,
  "GET /channels": READ,
  "GET /channels/{channel_id}": READ,
  "GET /outbound-messages": READ,
  "POST /outbound-messages/{message_id}/resend": OPERATE,
  "GET /channel-events": READ,
  "GET /contracts": READ,
  "POST /contracts": ADMINISTER,
  "POST /contracts/apply": ADMINISTER,
  "POST /contracts/validate": OPERATE,
  "GET /contracts/{revision_id}": READ,
  "GET /contracts/{a}/diff/{b}": READ,
  "POST /contracts/{revision_id}/submit": ADMINISTER,
  "POST /contracts/{revision_id}/approve": ADMINISTER,
  "POST /contracts/{revision_id}/reject": ADMINISTER,
  "POST /contracts/{revision_id}/activate": ADMINISTER,
  "POST /contracts/{revision_id}/deprecate": ADMINISTER,
  "POST /contracts/{revision_id}/retire": ADMINISTER,
  "GET /calls/in-flight": READ,
  "GET /freezes": READ,
  "POST /freezes": OPERATE,
  "POST /freezes/{freeze_id}/lift": ADMINISTER,
  "POST /keys": ADMINISTER,
  "DELETE /keys/{key_id}": ADMINISTER,
  "GET /members": READ,
  "POST /members": ADMINISTER,
  "GET /members/{member_id}": READ,
  "PATCH /members/{member_id}": ADMINISTER,
  "GET /chat-links": READ,
  "POST /chat-links/codes": READ,
  "DELETE /chat-links/{link_id}": ONES_OWN,
  "GET /delegations": READ,
  "POST /delegations": ADMINISTER,
  "DELETE /delegations/{delegation_id}": ADMINISTER,
  "GET /oauth-clients": ADMINISTER,
  "POST /oauth-clients": PLATFORM,
  "DELETE /oauth-clients/{oauth_client_id}": ADMINISTER,
  "GET /runs": READ,
  "POST /runs": AGENT,
  "GET /runs/bulk": READ,
  "POST /runs/bulk": OPERATE,
  "GET /runs/bulk/{bulk_id}": READ,
  "GET /runs/bulk/{bulk_id}/results": READ,
  "GET /runs/{run_id}": OWN_RUN,
  "GET /runs/{run_id}/timeline": OWN_RUN,
  "POST /runs/{run_id}/cancel": OPERATE,
  "POST /runs/{run_id}/retry": OPERATE,
  "POST /runs/{run_id}/complete": AGENT,
  "POST /runs/{run_id}/fail": AGENT,
  "POST /runs/{run_id}/usage": AGENT,
  "GET /secrets": READ,
  "PUT /secrets/{name}": ADMINISTER,
  "DELETE /secrets/{name}": ADMINISTER,
  "POST /tool-calls": AGENT,
  "GET /tool-reviews": READ,
  "POST /tool-servers/{server_id}/tools/{tool_name}/review": ADMINISTER,
  "POST /tenants": PLATFORM,
  "GET /tenants/{project_id}": READ,
  "GET /tenants/{project_id}/spend": READ,
  "PATCH /tenants/{project_id}": PLATFORM,
  "GET /overview": READ,
  "GET /tool-servers": READ,
  "GET /tool-servers/{server_id}": READ,
};

/** The projects whose items a list without filters holds, or `refused`. */
type Listed = readonly string[] | "refused";
const EVERYTHING = ["alpha", "bravo", "charlie"];
const PEOPLE: Record<CallerName, Listed> = {
  admin: EVERYTHING,
  operator: EVERYTHING,
  member: ["alpha", "bravo"],
  outsider: ["charlie"],
  agent: "refused",
};

/** Every list that can be asked for without naming a project. */
export const LISTS: Record<string, Record<CallerName, Listed>> = {
  "GET /approvals": PEOPLE,
  "GET /audit-log": PEOPLE,
  "GET /calls/in-flight": PEOPLE,
  "GET /channel-events": PEOPLE,
  "GET /contracts": PEOPLE,
  "GET /freezes": PEOPLE,
  "GET /keys": { ...PEOPLE, operator: "refused" },
  "GET /members": PEOPLE,
  "GET /chat-links": PEOPLE,
  "GET /delegations": PEOPLE,
  "GET /oauth-clients": { ...PEOPLE, operator: "refused" },
  "GET /runs": PEOPLE,
  "GET /runs/bulk": PEOPLE,
  "GET /tenants": PEOPLE,
  "GET /tool-servers": PEOPLE,
};
