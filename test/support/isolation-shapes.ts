import type { E2eTenant, KeyRole } from "./e2e-tenant.ts";

/** A tenant's things that another tenant may try to reach; for a tenant that does not exist, ids of nothing. */
export interface Target {
  project: string;
  /** A client run that waits for a person, and its question. */
  run: string;
  approval: string;
  /** A worker run that is over. */
  ended: string;
  revision: string;
  key: string;
  secret: string;
  /** An action on many runs. */
  bulk: string;
  /** An agent that nobody needs, and a freeze of another one. */
  spareAgent: string;
  freeze: string;
  /** A client of an authorization server that is an agent. */
  client: string;
  /** A tool of its server `tools` that has changed, and the hash of what it is now. */
  tool: string;
  toolHash: string;
  /** Somebody of it who may decide, and what they have lent to its operator. */
  member: string;
  delegation: string;
  /** Somebody in a chat who acts as the holder of `key`. */
  chatLink: string;
  /** A message that was given up. */
  message: string;
}

/** A request of the operator API; without `body` it has none. */
export interface Request {
  method: string;
  path: string;
  body?: unknown;
}

export interface ReachingCase {
  /** Whose key the operation is for: the least role, or the administrator of the whole platform. */
  as: KeyRole | "platform";
  /** What its own tenant is answered to the first of the requests. */
  works: number;
  /** The ways to reach for a target; left out where an operation takes none. */
  reach?(target: Target, own: E2eTenant): Request[];
  /** For a list: the field with its items, and the path that lists everything the caller sees. */
  list?: { items: string; all?: string };
}

/** An operation that names nothing and lists nothing: which test shows what it tells a tenant. */
export interface OtherCase {
  provenBy: "sessions" | "events";
}

export type EndpointCase = ReachingCase | OtherCase;

export const get = (path: string): Request => ({ method: "GET", path });
export const post = (path: string, body: unknown): Request => ({ method: "POST", path, body });
