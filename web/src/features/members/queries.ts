import { infiniteQueryOptions } from "@tanstack/react-query";
import type { z } from "zod";
import type {
  ChatLink,
  chatLinkListSchema,
  linkCodeSchema,
} from "../../../../src/identity/chat-contract.ts";
import type { keyListSchema, NewKey, newKeySchema } from "../../../../src/identity/contract.ts";
import type {
  Delegation,
  delegationListSchema,
  Member,
  MemberPatch,
  memberListSchema,
  NewDelegation,
} from "../../../../src/identity/member-contract.ts";
import type {
  NewOAuthClient,
  OAuthClient,
  oauthClientListSchema,
} from "../../../../src/identity/oauth-contract.ts";
import { send } from "../../app/send.ts";

export type Key = z.output<typeof keyListSchema>["keys"][number];
export type LinkCode = z.output<typeof linkCodeSchema>;
export type { ChatLink, Delegation, Member, OAuthClient };
export type NewMemberInput = Pick<Member, "project_id" | "member_id" | "role" | "groups"> & {
  display_name?: string;
};
export type NewKeyInput = Pick<NewKey, "name" | "role"> & Partial<NewKey>;
type MadeKey = z.output<typeof newKeySchema>;

const PAGE = 100;

/** Each key begins with `members` or `keys`, so that a change anywhere shows here. */
const pagesOf = <T extends { next_cursor: string | null }>(
  name: "members" | "keys",
  path: string,
  project: string | undefined,
  more: Record<string, string> = {},
) =>
  infiniteQueryOptions({
    queryKey: [name, path, project ?? null],
    queryFn: ({ pageParam, signal }) =>
      send<T>(path, {
        query: {
          ...more,
          project_id: project,
          ...(pageParam ? { cursor: pageParam } : {}),
          limit: PAGE,
        },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last: T) => last.next_cursor,
  });

export const membersQuery = (project: string | undefined) =>
  pagesOf<z.output<typeof memberListSchema>>("members", "/members", project);
export const delegationsQuery = (project: string | undefined) =>
  pagesOf<z.output<typeof delegationListSchema>>("members", "/delegations", project);
export const chatLinksQuery = (project: string | undefined) =>
  pagesOf<z.output<typeof chatLinkListSchema>>("members", "/chat-links", project);
/** Keys open several projects, so they are never narrowed to one. */
export const keysQuery = () => pagesOf<z.output<typeof keyListSchema>>("keys", "/keys", undefined);
export const oauthClientsQuery = (project: string | undefined) =>
  pagesOf<z.output<typeof oauthClientListSchema>>("keys", "/oauth-clients", project);

const at = (path: string, id: string) => `${path}/${encodeURIComponent(id)}`;

export const requests = {
  addMember: (body: NewMemberInput) => send<Member>("/members", { method: "POST", body }),
  changeMember: (id: string, body: MemberPatch) =>
    send<Member>(at("/members", id), { method: "PATCH", body }),
  lend: (body: NewDelegation) => send<Delegation>("/delegations", { method: "POST", body }),
  takeBack: (id: string) => send<void>(at("/delegations", id), { method: "DELETE" }),
  makeLinkCode: (project_id: string) =>
    send<LinkCode>("/chat-links/codes", { method: "POST", body: { project_id } }),
  unlinkChat: (id: string) => send<void>(at("/chat-links", id), { method: "DELETE" }),
  makeKey: (body: NewKeyInput) => send<MadeKey>("/keys", { method: "POST", body }),
  revokeKey: (id: string) => send<void>(at("/keys", id), { method: "DELETE" }),
  addClient: (body: Omit<NewOAuthClient, "hold_seconds">) =>
    send<OAuthClient>("/oauth-clients", { method: "POST", body }),
  revokeClient: (id: string) => send<void>(at("/oauth-clients", id), { method: "DELETE" }),
};
