import { type EndpointCase, get, post } from "./isolation-shapes.ts";

/** The authorization server that the tests' servers trust; nobody asks it anything. */
export const ISSUER = "https://login.example";

let clients = 0;

/** A new client, named as nobody else's is. */
export const clientOf = (project: string, name: string) => {
  clients += 1;
  const client_id = `${name}-${clients}`;
  return { project_id: project, agent_id: "helper", issuer: ISSUER, client_id };
};

/** The operations on clients of authorization servers. */
export const OAUTH_CLIENTS: Record<string, EndpointCase> = {
  "GET /oauth-clients": {
    as: "admin",
    works: 200,
    list: { items: "oauth_clients", all: "/oauth-clients" },
    reach: ({ project }) => [get(`/oauth-clients?project_id=${project}`)],
  },
  "POST /oauth-clients": {
    as: "platform",
    works: 201,
    reach: ({ project, run }) => [post("/oauth-clients", clientOf(project, run))],
  },
  "DELETE /oauth-clients/{oauth_client_id}": {
    as: "admin",
    works: 204,
    reach: ({ client }) => [{ method: "DELETE", path: `/oauth-clients/${client}` }],
  },
};
