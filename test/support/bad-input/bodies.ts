import { type BadRequest, deep, HALF, NUL, type Things, wrongField } from "./request.ts";

/** An answer to a question is wrong. */
export function decisions({ project, waiting }: Things): BadRequest[] {
  const path = `/approvals/${waiting}/decide`;
  const wrong = (what: string, field: string, more: object) =>
    wrongField(what, path, field, {
      as: "operator",
      body: { project_id: project, decision: "approve", ...more },
    });
  return [
    wrong("an answer that there is not", "body.decision", { decision: "APPROVE" }),
    wrong("a reason of 4,001 characters", "body.reason", { reason: "x".repeat(4_001) }),
    wrong("a reason with NUL", "body.reason", { reason: NUL }),
    wrong("a reason with half a character", "body.reason", { reason: HALF }),
    wrong("a question that is no UUID", "body.approval_id", { approval_id: "apr_1" }),
    wrong("a project with NUL", "body.project_id", { project_id: NUL }),
    wrongField("a decision without a project", path, "body.project_id", {
      as: "operator",
      body: { decision: "approve" },
    }),
  ];
}

/** The state of the run, or the key, does not allow it. */
export function refusedActions({ project, waiting, ended }: Things): BadRequest[] {
  const path = `/approvals/${waiting}/decide`;
  const other = { as: "operator", body: { project_id: project, decision: "approve" } } as const;
  return [
    {
      what: "a decision for somebody else",
      path,
      as: "operator",
      body: { ...other.body, approver_id: "the boss" },
      status: 403,
      code: "E-FORBIDDEN",
    },
    {
      what: "a question of another run",
      path,
      as: "operator",
      body: { ...other.body, approval_id: "01a20465-3dff-72e0-a76e-94a30be58cfc" },
      status: 404,
      code: "E-NOT-FOUND",
    },
    {
      what: "a decision about a run that asked nothing",
      path: `/approvals/${ended}/decide`,
      ...other,
      status: 409,
      code: "E-RUN-STATE",
    },
    {
      what: "cancelling a run that is over",
      path: `/runs/${ended}/cancel`,
      as: "operator",
      body: { reason: "x" },
      status: 409,
      code: "E-RUN-STATE",
    },
    {
      what: "completing a run that waits",
      path: `/runs/${waiting}/complete`,
      as: "agent",
      body: {},
      status: 409,
      code: "E-RUN-STATE",
    },
  ];
}

/** What an agent says of its run is wrong. */
export function runFields({ waiting }: Things): BadRequest[] {
  const agent = { as: "agent" } as const;
  return [
    wrongField("a cost beyond all numbers", `/runs/${waiting}/usage`, "body.cost_usd", {
      ...agent,
      body: '{"cost_usd": 1e400}',
    }),
    wrongField("a cost below nothing", `/runs/${waiting}/usage`, "body.cost_usd", {
      ...agent,
      body: { cost_usd: -1 },
    }),
    wrongField("too many tokens", `/runs/${waiting}/usage`, "body.input_tokens", {
      ...agent,
      body: { cost_usd: 0, input_tokens: 1e13 },
    }),
    wrongField("an endlessly nested input", "/runs", "body.input", {
      ...agent,
      body: `{"input": ${deep(100_000)}}`,
    }),
    wrongField("a title with half a character", "/runs", "body.title", {
      ...agent,
      body: { title: HALF },
    }),
    wrongField("a trace id that is none", "/runs", "body.trace_id", {
      ...agent,
      body: { trace_id: "1" },
    }),
    wrongField("an error code with blanks", `/runs/${waiting}/fail`, "body.error_code", {
      ...agent,
      body: { error_code: "it broke" },
    }),
  ];
}

/** What is said of a project is wrong. */
export function tenantFields({ project }: Things): BadRequest[] {
  const patch = { method: "PATCH" };
  return [
    wrongField(
      "a budget beyond what the database holds",
      `/tenants/${project}`,
      "body.budget_limit_usd",
      {
        ...patch,
        body: { budget_limit_usd: 1e20 },
      },
    ),
    wrongField("a budget of seven decimals", `/tenants/${project}`, "body.budget_limit_usd", {
      ...patch,
      body: { budget_limit_usd: 0.000_000_1 },
    }),
    wrongField("101 per cent", `/tenants/${project}`, "body.canary_percent", {
      ...patch,
      body: { canary_percent: 101 },
    }),
    wrongField("a mode that there is not", `/tenants/${project}`, "body.migration_mode", {
      ...patch,
      body: { migration_mode: "Active" },
    }),
    wrongField("an id that is no slug", "/tenants", "body.project_id", {
      body: { project_id: "Acme Corp", display_name: "x" },
    }),
    {
      what: "a project that exists",
      path: "/tenants",
      body: { project_id: project, display_name: "x" },
      status: 409,
      code: "E-TENANT-EXISTS",
    },
  ];
}

/** What is said of a key or a secret is wrong. */
export function keyAndSecretFields({ project }: Things): BadRequest[] {
  const key = { name: "x", role: "viewer", project_ids: [project] };
  return [
    wrongField("a key held for 51 seconds", "/keys", "body.hold_seconds", {
      body: { ...key, hold_seconds: 51 },
    }),
    wrongField("a key that has expired", "/keys", "body.expires_at", {
      body: { ...key, expires_at: "2020-01-01T00:00:00Z" },
    }),
    wrongField("a key until a time that there is not", "/keys", "body.expires_at", {
      body: { ...key, expires_at: "9999-12-31T23:59:59-23:00" },
    }),
    wrongField("a key for a project that there is not", "/keys", "body.project_ids.1", {
      body: { ...key, project_ids: [project, "nowhere"] },
    }),
    wrongField("an agent's key without an agent", "/keys", "body.agent_id", {
      body: { ...key, role: "agent" },
    }),
    wrongField("a name with half a character", "/keys", "body.name", {
      body: { ...key, name: HALF },
    }),
    wrongField("a secret's name with blanks", "/secrets/A%20B", "param.name", {
      method: "PUT",
      body: { project_id: project, value: "x" },
    }),
    wrongField("a secret of 65,537 characters", "/secrets/LONG", "body.value", {
      method: "PUT",
      body: { project_id: project, value: "x".repeat(65_537) },
    }),
    {
      what: "a secret of a project that there is not",
      method: "PUT",
      path: "/secrets/A",
      body: { project_id: "nowhere", value: "x" },
      status: 404,
      code: "E-NOT-FOUND",
    },
  ];
}
