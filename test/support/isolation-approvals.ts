import type { E2eTenant } from "./e2e-tenant.ts";
import { type EndpointCase, get, post, type Request, type Target } from "./isolation-shapes.ts";

/** The run as it is, under its own project and under the caller's. */
const inEachProject = (target: Target, own: E2eTenant, request: (project: string) => Request) => [
  request(target.project),
  request(own.projectId),
];

/** Of no arguments that anybody asks about. */
const NO_HASH = "0".repeat(64);

/** Questions and what is decided about them. */
export const APPROVALS: Record<string, EndpointCase> = {
  "GET /approvals": {
    as: "viewer",
    works: 200,
    list: { items: "approvals", all: "/approvals" },
    reach: ({ project, run }) => [
      get(`/approvals?project_id=${project}`),
      get(`/approvals?run_id=${run}`),
      get(`/approvals?status=closed&run_id=${run}`),
    ],
  },
  "GET /approvals/{approval_id}/record": {
    as: "viewer",
    works: 200,
    reach: ({ approval, project }, own) => [
      get(`/approvals/${approval}/record`),
      get(`/approvals/${approval}/record?project_id=${project}`),
      get(`/approvals/${approval}/record?project_id=${own.projectId}`),
    ],
  },
  "GET /approvals/{approval_id}/wait": {
    as: "viewer",
    works: 200,
    reach: ({ approval, project }, own) => [
      get(`/approvals/${approval}/wait?timeout_seconds=0`),
      get(`/approvals/${approval}/wait?timeout_seconds=0&project_id=${project}`),
      get(`/approvals/${approval}/wait?timeout_seconds=0&project_id=${own.projectId}`),
    ],
  },
  "GET /approvals/{approval_id}": {
    as: "viewer",
    works: 200,
    reach: ({ approval }) => [get(`/approvals/${approval}`)],
  },
  "POST /approvals/decide-many": {
    as: "operator",
    works: 200,
    reach: (target, own) =>
      inEachProject(target, own, (project_id) => {
        const question = { run_id: target.run, approval_id: target.approval, args_hash: NO_HASH };
        return post("/approvals/decide-many", {
          ...{ project_id, decision: "approve" },
          questions: [question],
        });
      }),
  },
  "POST /approvals/{run_id}/decide": {
    as: "operator",
    works: 200,
    reach: (target, own) => [
      ...inEachProject(target, own, (project) =>
        post(`/approvals/${target.run}/decide`, { project_id: project, decision: "approve" }),
      ),
      post(`/approvals/${target.run}/decide`, {
        project_id: own.projectId,
        decision: "reject",
        approval_id: target.approval,
      }),
    ],
  },
};
