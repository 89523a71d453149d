import type { Awooop } from "../../test/support/awooop.ts";
import { good, newKey } from "../../test/support/e2e-tenant.ts";
import type { Request } from "./client.ts";
import type { Size } from "./seed.ts";

/** The project that is asked about; it holds the same in every database. */
export const ASKED = "bench-000";
const DECIDING = "bench-decide";

/** What is asked, by the names the ratios have. */
export const QUESTIONS = [
  "list",
  "filtered",
  "deep_cursor",
  "search",
  "detail",
  "timeline",
  "approvals",
  "events",
] as const;
export type QuestionName = (typeof QUESTIONS)[number];

const FILTERS = [
  "state=failed",
  "state=completed&trigger_type=grafana",
  "agent_id=agent-3",
  "agent_id=agent-5&state=cancelled",
  "is_shadow=true",
  "trigger_type=telegram",
  "created_after=2026-06-10T00:00:00Z&created_before=2026-06-12T00:00:00Z",
  "q=E-TOOL-TIMEOUT",
];
const WORDS = [
  "disk full",
  "certificate",
  "resized payments",
  "磁碟空間",
  "checkout-7",
  "restart hours",
];
const EVENTS = ["", "&channel_type=grafana", "&channel_type=telegram", "&provider_prefix=fp-3a"];

/** Who asks a server, and what there is to ask about. */
export interface Asking {
  /** Endless requests of a question, going round its kinds. */
  of(name: QuestionName): () => Request;
  /** As a platform operator, over all projects. */
  allProjects(): () => Request;
  /** Each of these decides about another open question. */
  decisions: Request[];
  /** Paths of a question, with the project they are about. */
  paths(name: QuestionName): string[];
}

/** Makes the keys, and looks up the cursors and ids that the questions need. */
export async function prepare(server: Awooop, { questions }: Size): Promise<Asking> {
  const keyOf = (role: string, project: string) =>
    newKey(server, { role, name: `${role} of ${project}`, project_ids: [project] });
  const reader = await keyOf("viewer", ASKED);
  const decider = await keyOf("operator", DECIDING);
  const paths = await pathsOf(server, reader);
  const asked = (list: readonly string[], key: string) => {
    const headers = { authorization: `Bearer ${key}` };
    const requests = list.map((path) => ({ method: "GET" as const, path, headers }));
    let at = 0;
    return () => {
      const request = requests[at++ % requests.length];
      if (!request) throw new Error("There is nothing to ask.");
      return request;
    };
  };
  const platform = await newKey(server, { role: "viewer", name: "platform viewer" });
  return {
    of: (name) => asked(paths[name], reader),
    allProjects: () => asked(["/api/v1/runs"], platform),
    decisions: await decisionsOf(server, decider, questions),
    paths: (name) => paths[name],
  };
}

async function pathsOf(server: Awooop, key: string): Promise<Record<QuestionName, string[]>> {
  const runs = `/api/v1/runs?project_id=${ASKED}`;
  const pages = await walk(server, key, `/runs?project_id=${ASKED}&limit=200`);
  const ids: string[] = pages.flatMap(({ body }) =>
    body.runs.map((run: { run_id: string }) => run.run_id),
  );
  const longest = pages
    .flatMap(({ body }) => body.runs as { run_id: string; step_count: number }[])
    .reduce((most, run) => (run.step_count > most.step_count ? run : most));
  const timeline = `/runs/${longest.run_id}/timeline`;
  const items = await walk(server, key, `${timeline}?limit=100`);
  const deep = pages.slice(Math.ceil(pages.length / 4)).flatMap(({ cursor }) => cursor ?? []);
  const every = Math.max(1, Math.floor(ids.length / 250));
  return {
    list: [runs],
    filtered: FILTERS.map((filter) => `${runs}&${filter}`),
    deep_cursor: deep.map((cursor) => `${runs}&cursor=${cursor}`),
    search: WORDS.map((words) => `${runs}&${new URLSearchParams({ q: words })}`),
    detail: ids
      .filter((id, at) => at % every === 0 && id !== longest.run_id)
      .map((id) => `/api/v1/runs/${id}?project_id=${ASKED}`),
    timeline: items.flatMap(({ cursor }) =>
      cursor ? `/api/v1${timeline}?limit=100&cursor=${cursor}` : [],
    ),
    approvals: [`/api/v1/approvals?project_id=${ASKED}`],
    events: EVENTS.map((more) => `/api/v1/channel-events?project_id=${ASKED}${more}`),
  };
}

/** All pages of a list, each with the cursor to the next. */
async function walk(server: Awooop, key: string, path: string) {
  // biome-ignore lint/suspicious/noExplicitAny: pages of several lists
  const pages: { body: any; cursor: string | null }[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const body = await good(server.api(`${path}${cursor && `&cursor=${cursor}`}`, { key }));
    cursor = body.next_cursor as string | null;
    pages.push({ body, cursor });
  }
  return pages;
}

async function decisionsOf(server: Awooop, key: string, questions: number): Promise<Request[]> {
  if (questions === 0) return [];
  const pages = await walk(server, key, `/runs?project_id=${DECIDING}&limit=200`);
  const body = JSON.stringify({
    project_id: DECIDING,
    decision: "approve",
    reason: "Looked at the graphs",
  });
  return pages.flatMap((page) =>
    page.body.runs.map((run: { run_id: string }) => ({
      method: "POST" as const,
      path: `/api/v1/approvals/${run.run_id}/decide`,
      headers: { authorization: `Bearer ${key}` },
      body,
    })),
  );
}
