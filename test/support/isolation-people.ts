import { type EndpointCase, get, post } from "./isolation-shapes.ts";

let people = 0;

/** Somebody who is no member yet, named as nobody else is. */
export const memberOf = (project: string) => {
  people += 1;
  return { project_id: project, member_id: `${project}-person-${people}`, groups: ["dba"] };
};

/** The end of what is lent in these tests. */
export const soon = () => new Date(Date.now() + 3_600_000).toISOString();

/** The operations on the people of a project. */
export const PEOPLE: Record<string, EndpointCase> = {
  "GET /members": {
    as: "viewer",
    works: 200,
    list: { items: "members", all: "/members" },
    reach: ({ project }) => [
      get(`/members?project_id=${project}`),
      get(`/members?project_id=${project}&group=dba`),
    ],
  },
  "POST /members": {
    as: "admin",
    works: 201,
    reach: ({ project }) => [post("/members", memberOf(project))],
  },
  "GET /members/{member_id}": {
    as: "viewer",
    works: 200,
    reach: ({ project, member }) => [get(`/members/${member}?project_id=${project}`)],
  },
  "PATCH /members/{member_id}": {
    as: "admin",
    works: 200,
    reach: ({ project, member }) => [
      {
        method: "PATCH",
        path: `/members/${member}`,
        body: { project_id: project, groups: ["mine-now"] },
      },
    ],
  },
  "GET /chat-links": {
    as: "viewer",
    works: 200,
    list: { items: "chat_links", all: "/chat-links" },
    reach: ({ project }) => [get(`/chat-links?project_id=${project}`)],
  },
  "POST /chat-links/codes": {
    as: "viewer",
    works: 201,
    reach: ({ project }) => [post("/chat-links/codes", { project_id: project })],
  },
  "DELETE /chat-links/{link_id}": {
    as: "admin",
    works: 204,
    reach: ({ chatLink }) => [{ method: "DELETE", path: `/chat-links/${chatLink}` }],
  },
  "GET /delegations": {
    as: "viewer",
    works: 200,
    list: { items: "delegations", all: "/delegations" },
    reach: ({ project }) => [
      get(`/delegations?project_id=${project}`),
      get(`/delegations?project_id=${project}&standing=true`),
    ],
  },
  "POST /delegations": {
    as: "admin",
    works: 201,
    reach: ({ project, member }) => [
      post("/delegations", {
        project_id: project,
        delegated_by: member,
        delegated_to: `${project}-operator`,
        ends_at: soon(),
      }),
    ],
  },
  "DELETE /delegations/{delegation_id}": {
    as: "admin",
    works: 204,
    reach: ({ delegation }) => [{ method: "DELETE", path: `/delegations/${delegation}` }],
  },
};
