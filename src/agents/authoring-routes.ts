import { createRoute } from "@hono/zod-openapi";
import { type Catalog, serverRef } from "../calls/index.ts";
import { activeRevision, readAgent } from "../contracts/index.ts";
import { type ApiEnv, requireProject, requireRole } from "../identity/index.ts";
import type { Database } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { answers, newApi, problems } from "../platform/http/index.ts";
import { listPins, type ToolPin } from "../toolservers/index.ts";
import {
  agentParams,
  type ProposalAnswer,
  proposalAnswer,
  proposalQuery,
  type TemplateAnswer,
  templateAnswer,
  templateQuery,
} from "./authoring-contract.ts";
import { readCalled, toolsNamed } from "./called.ts";
import { documentOf, fileOf } from "./contract-file.ts";
import { draftContract } from "./drafting.ts";
import { propose } from "./proposing.ts";

const template = createRoute({
  method: "get",
  path: "/agents/{agent_id}/template",
  tags: ["agents"],
  summary: "Draft a first contract for an agent from the tools that a tool server lists",
  request: { params: agentParams, query: templateQuery },
  responses: {
    200: answers("The contract, to be read and applied", templateAnswer),
    ...problems(401, 403, 404, 409, 422),
  },
});

const proposal = createRoute({
  method: "get",
  path: "/agents/{agent_id}/proposal",
  tags: ["agents"],
  summary: "Propose a contract for an agent from what it called",
  request: { params: agentParams, query: proposalQuery },
  responses: {
    200: answers("The contract, and what it was made from", proposalAnswer),
    ...problems(401, 403, 404, 422),
  },
});

interface AuthoringDeps {
  db: Database;
  catalog: Pick<Catalog, "isFresh" | "refresh">;
}

const LIST_MS = 10_000;
const inProject = (id: string) => ({ role: "app", projects: [id] }) as const;

/** Contracts that are written for a person to read and apply; nothing is stored. To be mounted under /api/v1. */
export function authoringRoutes(deps: AuthoringDeps) {
  return newApi<ApiEnv>()
    .openapi(template, async (c) => {
      const { project_id, server_id } = c.req.valid("query");
      const { agent_id } = c.req.valid("param");
      requireRole(c.var.caller, "operator");
      requireProject(c.var.caller, project_id);
      return c.json(await templateFor(deps, project_id, agent_id, server_id), 200);
    })
    .openapi(proposal, async (c) => {
      const { project_id, since } = c.req.valid("query");
      const { agent_id } = c.req.valid("param");
      requireRole(c.var.caller, "viewer");
      requireProject(c.var.caller, project_id);
      return c.json(await proposalFor(deps.db, project_id, agent_id, since), 200);
    });
}

async function templateFor(
  deps: AuthoringDeps,
  projectId: string,
  agentId: string,
  serverId: string,
): Promise<TemplateAnswer> {
  const pins = await pinsOf(deps, projectId, serverId);
  const isReplacing = await deps.db.transaction(inProject(projectId), async (tx) => {
    return (await activeRevision(tx, projectId, agentId, "agent")) !== undefined;
  });
  const contract = draftContract(
    { projectId, agentId, isReplacing },
    serverId,
    pins.map(({ definition, changed, flags }) => ({
      server: serverId,
      definition,
      flags,
      isChanged: changed !== null,
    })),
  );
  const named = { project_id: projectId, agent_id: agentId, server_id: serverId };
  return { ...named, document: documentOf(contract), yaml: fileOf(contract) };
}

/**
 * What the tool server lists now; if it can't be asked, what it listed before.
 *
 * @throws AppError E-NOT-FOUND, E-TOOLS-NONE
 */
async function pinsOf(
  { db, catalog }: AuthoringDeps,
  projectId: string,
  serverId: string,
): Promise<ToolPin[]> {
  const scope = inProject(projectId);
  const ref = await db.transaction(scope, (tx) => serverRef(tx, projectId, serverId));
  if (!ref) {
    throw new AppError(
      "E-NOT-FOUND",
      `Project ${projectId} has no active tool server "${serverId}".`,
    );
  }
  const failure = catalog.isFresh(ref)
    ? undefined
    : await catalog.refresh(ref, AbortSignal.timeout(LIST_MS));
  const known = await db.transaction(scope, (tx) => listPins(tx, projectId, serverId));
  const pins = known.filter(({ absentSince }) => absentSince === null);
  if (pins.length > 0) return pins;
  const why = failure ? `${failure.message} (${failure.code})` : "It lists none.";
  throw new AppError("E-TOOLS-NONE", `No tools of the tool server "${serverId}" are known. ${why}`);
}

async function proposalFor(
  db: Database,
  projectId: string,
  agentId: string,
  since: string | undefined,
): Promise<ProposalAnswer> {
  return db.transaction(
    inProject(projectId),
    async (tx) => {
      const revision = await activeRevision(tx, projectId, agentId, "agent");
      if (!revision) {
        throw new AppError(
          "E-NOT-FOUND",
          `Project ${projectId} has no active agent contract "${agentId}".`,
        );
      }
      const called = await readCalled(tx, projectId, agentId, since);
      const names = new Set(called.calls.map(({ tool_name }) => tool_name));
      const { contract, tools } = propose(
        {
          projectId,
          agentId,
          version: `${revision.version_major}.${revision.version_minor}`,
          given: revision.body as Record<string, unknown>,
          body: readAgent(revision).body,
        },
        called,
        await toolsNamed(tx, projectId, [...names]),
      );
      const { isComplete, runs, calls, ...span } = called;
      const named = { project_id: projectId, agent_id: agentId, ...span };
      const counts = { runs: runs.length, calls: calls.length, is_complete: isComplete };
      const written = { document: documentOf(contract), yaml: fileOf(contract) };
      return { ...named, ...counts, tools, ...written };
    },
    { snapshot: true },
  );
}
