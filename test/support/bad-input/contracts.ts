import { type BadRequest, deep, NUL, type Things, wrongField } from "./request.ts";

const good = { contract_family: "channel", contract_id: "spare", body: { type: "console" } };
const agent = (body: object) => ({
  contract_family: "agent",
  contract_id: "bad",
  body: { display_name: "Bad", driver: "client", ...body },
});
const step = { key: "a", call: { server: "tools", tool: "look" } };

/** What stands beside a good contract, and where it is wrong. */
const BAD: [what: string, document: unknown, field: string][] = [
  ["that is no object", "a text", "documents.1"],
  [
    "of a family that there is not",
    { ...good, contract_family: "robot" },
    "documents.1.contract_family",
  ],
  ["without a body", { ...good, body: undefined }, "documents.1.body"],
  ["given twice", good, "documents.1.contract_id"],
  [
    "of another project",
    { ...good, contract_id: "b", project_id: "nowhere" },
    "documents.1.project_id",
  ],
  [
    "with a tool of no server",
    agent({ tools: [{ server: "nobody", tool: "x" }] }),
    "documents.1.body.tools.0.server",
  ],
  ["with a mode that there is not", agent({ mode: "on" }), "documents.1.body.mode"],
  ["of a worker without a runbook", agent({ driver: "worker" }), "documents.1.body.runbook"],
  [
    "with an expression that is none",
    agent({ driver: "worker", runbook: { steps: [{ ...step, when: { $cel: "1 +" } }] } }),
    "documents.1.body.runbook.steps.0.when.$cel",
  ],
  ["with NUL", agent({ description: NUL }), "documents.1.body.description"],
  [
    "nested without end",
    agent({ tools: JSON.parse(deep(500)) }),
    `documents.1.body.tools${".0".repeat(31)}`,
  ],
];

/** A contract is wrong; the good one beside it is not applied either. */
export function contracts({ project }: Things): BadRequest[] {
  return [
    ...BAD.map(([what, document, field]) => ({
      what: `a contract ${what}, beside a good one`,
      path: "/contracts/apply",
      as: "admin" as const,
      body: { project_id: project, documents: [good, document] },
      status: 422,
      code: "E-CONTRACT-INVALID",
      field,
    })),
    {
      what: "a contract that changes its family, beside a good one",
      path: "/contracts/apply",
      as: "admin",
      body: { project_id: project, documents: [good, { ...good, contract_id: "tools" }] },
      status: 409,
      code: "E-CONTRACT-FAMILY",
    },
    {
      what: "a program on this machine from a tenant's admin, beside a good one",
      path: "/contracts/apply",
      as: "admin",
      body: {
        project_id: project,
        documents: [
          good,
          {
            contract_family: "tool_server",
            contract_id: "shell",
            body: { transport: "stdio", command: "/bin/sh" },
          },
        ],
      },
      status: 403,
      code: "E-STDIO-OFF",
    },
    wrongField("201 contracts", "/contracts/apply", "body.documents", {
      as: "admin",
      body: { project_id: project, documents: Array.from({ length: 201 }, () => good) },
    }),
  ];
}
