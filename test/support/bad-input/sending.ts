import { type BadRequest, MIB, type Things, wrongField } from "./request.ts";

/** Looser than a canonical UUID in one way each. */
const NO_UUIDS = [
  "nonsense",
  "01a20465-3dff-72e0-a76e-94a30be58cf",
  "01a204653dff72e0a76e94a30be58cfc",
  "%7B01a20465-3dff-72e0-a76e-94a30be58cfc%7D",
  "urn:uuid:01a20465-3dff-72e0-a76e-94a30be58cfc",
  "01a20465-3dff-72e0-a76e-94a30be58cfc%0A",
  "01a20465-3dff-72e0-a76e-94a30be58cfc%00",
  "%00",
];

/** Who asks is wrong. */
export function whoAsks(): BadRequest[] {
  const path = "/runs";
  const refused = { path, status: 401, code: "E-AUTH" };
  return [
    { what: "no key", as: "none", ...refused },
    {
      what: "a key of nobody",
      headers: { authorization: `Bearer awp_nobody_${"x".repeat(43)}` },
      ...refused,
    },
    { what: "what is no key", headers: { authorization: "Bearer let-me-in" }, ...refused },
    { what: "another scheme", headers: { authorization: "Basic YTpi" }, ...refused },
    {
      what: "a session of nobody",
      as: "none",
      headers: { cookie: "awooop_session=x" },
      ...refused,
    },
    {
      what: "a wrong key at the sign-in",
      as: "none",
      path: "/session",
      body: { key: `awp_nobody_${"x".repeat(43)}` },
      status: 401,
      code: "E-AUTH",
    },
    ...(["viewer", "agent"] as const).map((as) => ({
      what: `a decision with the key of the role ${as}`,
      as,
      path: "/approvals/WAITING/decide",
      body: { project_id: "acme", decision: "approve" },
      status: 403,
      code: "E-FORBIDDEN",
    })),
  ];
}

/** The way it is sent is wrong. */
export function howItIsSent({ project }: Things): BadRequest[] {
  const path = "/tenants";
  const text = { "content-type": "text/plain" };
  return [
    { what: "JSON cut off", path, body: '{"project_id": "x', status: 400, code: "E-JSON" },
    { what: "no JSON", path, body: "project_id=x", status: 400, code: "E-JSON" },
    { what: "another type", path, body: "{}", headers: text, status: 415, code: "E-MEDIA-TYPE" },
    {
      what: "2 MiB",
      path,
      body: { project_id: "big", display_name: "x".repeat(2 * MIB) },
      status: 413,
      code: "E-BODY-SIZE",
    },
    { what: "a path that is not there", path: "/tenant", status: 404, code: "E-NOT-FOUND" },
    {
      what: "a method it does not know",
      path,
      method: "PUT",
      body: {},
      status: 405,
      code: "E-METHOD",
    },
    wrongField("a list for a body", path, "body", { body: [] }),
    wrongField("null for a body", path, "body", { body: "null" }),
    wrongField("no body", path, "body.project_id", { body: {} }),
    wrongField("a field that nobody knows", path, "body", {
      body: { project_id: "extra", display_name: "x", color: "red" },
    }),
    wrongField(
      "an Idempotency-Key of 256 characters",
      "/approvals/01a20465-3dff-72e0-a76e-94a30be58cfc/decide",
      "header.idempotency-key",
      {
        body: { project_id: project, decision: "approve" },
        headers: { "idempotency-key": "x".repeat(256) },
      },
    ),
  ];
}

/** An id is none. */
export function ids({ project }: Things): BadRequest[] {
  return NO_UUIDS.flatMap((id) => [
    wrongField(`run ${id}`, `/runs/${id}`, "param.run_id"),
    wrongField(`the timeline of run ${id}`, `/runs/${id}/timeline`, "param.run_id"),
    wrongField(`revision ${id}`, `/contracts/${id}`, "param.revision_id"),
    wrongField(`questions of run ${id}`, `/approvals?run_id=${id}`, "query.run_id"),
    wrongField(`cancelling run ${id}`, `/runs/${id}/cancel`, "param.run_id", {
      body: { reason: "x" },
    }),
    wrongField(`deciding about run ${id}`, `/approvals/${id}/decide`, "param.run_id", {
      body: { project_id: project, decision: "approve" },
    }),
  ]);
}

const WRONG: readonly [path: string, field: string][] = [
  ["/runs?state=RUNNING", "query.state"],
  ["/runs?state=", "query.state"],
  ["/runs?state=running&state=failed", "query.state"],
  ["/runs?page=0", "query.page"],
  ["/runs?page=-1", "query.page"],
  ["/runs?page=1.5", "query.page"],
  ["/runs?page=two", "query.page"],
  ["/runs?page=99999999999999999999", "query.page"],
  ["/runs?per_page=0", "query.per_page"],
  ["/runs?per_page=201", "query.per_page"],
  ["/runs?limit=NaN", "query.limit"],
  ["/runs?limit=1e9", "query.limit"],
  ["/runs?page=1&cursor=x", "query.page"],
  ["/runs?project_id=%00", "query.project_id"],
  ["/runs?q=%00", "query.q"],
  ["/runs?is_shadow=maybe", "query.is_shadow"],
  ["/runs?created_after=yesterday", "query.created_after"],
  ["/runs?created_after=2026-13-45T00:00:00Z", "query.created_after"],
  ["/runs?created_before=0000-01-01T00:00:00Z", "query.created_before"],
  ["/contracts?lifecycle_status=ACTIVE", "query.lifecycle_status"],
  ["/contracts?contract_family=robot", "query.contract_family"],
  ["/contracts?limit=201", "query.limit"],
  ["/contracts?contract_id=%00", "query.contract_id"],
  ["/channel-events?channel_type=fax", "query.channel_type"],
  ["/channel-events?limit=many", "query.limit"],
  ["/channel-events?provider_prefix=%00", "query.provider_prefix"],
  ["/approvals?project_id=%00", "query.project_id"],
  ["/keys?limit=0", "query.limit"],
  ["/secrets?project_id=%00", "query.project_id"],
  ["/secrets", "query.project_id"],
];

const wrongTimelines = (run: string): [path: string, field: string][] => [
  [`/runs/${run}/timeline?order=sideways`, "query.order"],
  [`/runs/${run}/timeline?kind=gossip`, "query.kind"],
];

/** A query is wrong. */
export function queries({ ended }: Things): BadRequest[] {
  const wrong = [...WRONG, ...wrongTimelines(ended)];
  const cursors = ["/runs", "/contracts", "/channel-events", "/approvals", "/keys", "/tenants"];
  return [
    ...wrong.map(([path, field]) => wrongField(path, path, field)),
    ...[...cursors, `/runs/${ended}/timeline`].map((path) => ({
      what: `a made-up cursor of ${path}`,
      path: `${path}?cursor=eyJhIjoxfQ`,
      status: 422,
      code: "E-CURSOR",
    })),
  ];
}
