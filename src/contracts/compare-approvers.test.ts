import { expect, it } from "vitest";
import { agentBodySchema } from "./agent-body.ts";
import { compareAgents } from "./compare-agent.ts";

const agent = (more: object) =>
  agentBodySchema.parse({
    display_name: "A",
    driver: "client",
    tools: [{ server: "shop", tool: "wipe", ...more }],
  });
const group = (name: string) => ({ approvers: { group: name } });

it.each<[what: string, wider: object, narrower: object, there: string, back: string]>([
  ["one group, not whoever may decide", {}, group("dba"), "group_added", "group_dropped"],
  ["another group", group("ops"), group("dba"), "group_changed", "group_changed"],
  [
    "two people",
    { two_person: false },
    { two_person: true },
    "two_person_added",
    "two_person_dropped",
  ],
  [
    "an edit that is no yes",
    { approvers: { editor_counts: true } },
    { approvers: {} },
    "editor_counts_dropped",
    "editor_counts_allowed",
  ],
  [
    "the console only, as the contract says",
    {},
    { ask: { chat: "console_only" } },
    "chat_refused",
    "chat_allowed",
  ],
  [
    "the console only, for what can't be undone",
    { ask: { undoable: false, chat: "allow" } },
    { ask: { undoable: false } },
    "chat_refused",
    "chat_allowed",
  ],
])("%s is told of a change, there and back", (_, wider, narrower, there, back) => {
  const keys = (before: object, after: object) =>
    compareAgents(agent(before), agent(after)).map(({ key }) => key);
  expect(keys(wider, narrower)).toEqual([there]);
  expect(keys(narrower, wider)).toEqual([back]);
  expect(keys(wider, wider)).toEqual([]);
});
