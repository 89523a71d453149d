import { fileURLToPath } from "node:url";
import type { Awooop } from "./awooop.ts";
import { applyContracts, contract, good, newKey } from "./e2e-tenant.ts";
import { connectAuto } from "./mcp/gateway.ts";
import { waitFor } from "./wait.ts";

const CHANGING = fileURLToPath(new URL("mcp/changing-server.ts", import.meta.url));

const LONG_NAME =
  "a-long-name-of-a-contract-that-nobody-would-choose-but-somebody-will-have-chosen-one-day";

const LONG_KEY = "somebody-on-call@the-department-of-long-names.a-large-corporation.example";

/** What the console's pages of registered things show in tests. */
export interface RegistryWorld {
  /** The key of an admin of the platform beside the first one, who is called `reviewer`. */
  reviewer: string;
  /** A key of a viewer of `acme`. */
  viewer: string;
  /** Revisions of `disk-janitor` in `acme`: the active one, one in review, a draft. */
  active: string;
  inReview: string;
  draft: string;
}

const read = (tool: string) => ({ server: "kit", tool, effect: "read" });

const janitor = (more: object, tools: object[] = []) =>
  contract("agent", "disk-janitor", {
    driver: "client",
    description: "Frees disks before they are full.",
    tools: [
      read("look"),
      read("rewrite"),
      { server: "kit", tool: "touch", approval: "always", args: { type: "object" } },
      ...tools,
    ],
    limits: { calls: 20, cost_usd: 0.5 },
    ...more,
  });

/**
 * Fills a server: a project `acme` whose contracts are approved by somebody else than their author, one tool of whose
 * tool server has changed, and an empty project `globex`.
 */
export async function makeRegistryWorld(server: Awooop): Promise<RegistryWorld> {
  const acme = { project_id: "acme", display_name: "Acme", migration_mode: "active" };
  await good(server.api("/tenants", { body: { ...acme, budget_limit_usd: 40 } }));
  await good(server.api("/tenants", { body: { project_id: "globex", display_name: "Globex" } }));
  const secret = { project_id: "acme", value: "s3cr3t" };
  await good(server.api("/secrets/ALERTS_TOKEN", { method: "PUT", body: secret }));
  await applyContracts(server, "acme", [
    contract("tool_server", "kit", {
      transport: "stdio",
      command: process.execPath,
      args: [CHANGING],
    }),
    contract("tool_server", "asleep", { transport: "http", url: "http://127.0.0.1:9/mcp" }),
    contract("channel", "alerts", {
      type: "alertmanager",
      auth: { scheme: "bearer", secret: "secret:ALERTS_TOKEN" },
    }),
    contract("policy", "everything", { cedar: "permit (principal, action, resource);" }),
    contract("agent", LONG_NAME, { driver: "client", tools: [] }),
    janitor({}),
  ]);
  await changeTool(server);
  await good(server.api("/tenants/acme", { method: "PATCH", body: { separate_approver: true } }));
  const reviewer = await newKey(server, { role: "admin", name: "reviewer" });
  const viewer = await newKey(server, { role: "viewer", name: "viewer", project_ids: ["acme"] });
  const operator = { role: "operator", name: LONG_KEY, project_ids: ["acme"] };
  const key = await newKey(server, operator);
  // Somebody with a long name has done something, so that the lists of what was done have it too.
  await good(server.api("/chat-links/codes", { key, body: { project_id: "acme" } }));
  const more = janitor({ limits: { calls: 20, cost_usd: 0.8 }, notify: ["alerts"] }, [
    { server: "kit", tool: "grow", approval: "always", quorum: 2 },
  ]);
  const inReview = await draft(server, more);
  await good(server.api(`/contracts/${inReview}/submit`, { body: { reason: "Disks grow." } }));
  const wip = await draft(server, janitor({ description: "Not yet." }));
  const { contracts } = await good(
    server.api("/contracts?project_id=acme&contract_id=disk-janitor&lifecycle_status=active"),
  );
  return { reviewer, viewer, active: contracts[0].revision_id, inReview, draft: wip };
}

async function draft(server: Awooop, body: object): Promise<string> {
  return (await good(server.api("/contracts", { body: { project_id: "acme", ...body } })))
    .revision_id;
}

/** Lets the tools be pinned, and has one of them describe itself otherwise. */
async function changeTool(server: Awooop): Promise<void> {
  const key = await newKey(server, {
    name: "janitor",
    role: "agent",
    project_ids: ["acme"],
    agent_id: "disk-janitor",
  });
  const client = await connectAuto({ url: `${server.url}/mcp`, key });
  await client.callTool("look", {});
  await client.callTool("rewrite", {});
  await waitFor(
    async () => {
      await client.listTools();
      const { changed_tools } = await good(server.api("/tool-servers/kit?project_id=acme"));
      return changed_tools === 1;
    },
    { timeoutMs: 40_000, what: "the changed tool to be seen" },
  );
  await client.close();
}
