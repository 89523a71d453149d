import { createChat } from "../../src/channels/chat.ts";
import { createChatTags } from "../../src/channels/chat-tags.ts";
import type { Chat, ChatDeps, ChatReply, ChatUser } from "../../src/channels/chat-types.ts";
import { createChatLinks } from "../../src/identity/chat-service.ts";
import { linkChat } from "../../src/identity/index.ts";
import { createKeys } from "../../src/identity/key-service.ts";
import { jsonb } from "../../src/platform/database/index.ts";
import { createCursors } from "../../src/platform/http/index.ts";
import { newId } from "../../src/platform/ids.ts";
import type { RunRow } from "../../src/runs/index.ts";
import { PROJECT, type ShopBench, waiting } from "./calls.ts";
import { caller } from "./fixtures.ts";

export const CHAT = "-100";
/** The provider's id of the message that asks. */
export const MESSAGE = `${CHAT}:7`;

/** Somebody in the chat, whom nobody knows until they are linked. */
export const chatUser = (userId: string): ChatUser => ({
  channelType: "telegram",
  projectId: PROJECT,
  channelId: "ops",
  userId,
  name: `the real ${userId}`,
});

type Role = "viewer" | "operator" | "admin";

/** People in a chat on a bench's project, the questions that they are asked there, and what was recorded of it. */
export function chatOn(bench: ShopBench) {
  const { db } = bench.deps;
  const cursors = createCursors(new Uint8Array(32));
  const tags = createChatTags(new Uint8Array(32).fill(3));
  const deps: ChatDeps = { ...bench.deps, tags, publicUrl: "https://awooop.example" };
  const keys = createKeys({ db, cursors, forget: () => {} });
  const links = createChatLinks({ db, cursors });
  const root = caller({ role: "admin", projects: "all" });
  return {
    deps,
    tags,
    keys,
    root,
    /** A new one: nothing that was done before counts. */
    chat: (): Chat => createChat(deps),
    /** Makes a key for somebody who is called like their account in the chat, and links them. */
    async link(userId: string, role: Role = "operator"): Promise<string> {
      const { key_id } = await keys.create(root, {
        name: userId,
        role,
        project_ids: [PROJECT],
        hold_seconds: 4,
        may_act_for_others: false,
      });
      const actor = { kind: "key", id: userId } as const;
      const owner = caller({ keyId: key_id, role, projects: [PROJECT], actor });
      const { code } = await links.createCode(owner, PROJECT);
      await linkChat(db, chatUser(userId), code);
      return key_id;
    },
    /** A code for somebody's key. */
    code: async (keyId: string, name: string) => {
      const actor = { kind: "key", id: name } as const;
      const owner = caller({ keyId, role: "operator", projects: [PROJECT], actor });
      return (await links.createCode(owner, PROJECT)).code;
    },
    /** A question, and the message that asks it in the chat. */
    async ask(run: RunRow, args: Record<string, unknown> = { text: newId() }) {
      const { approvalId } = await waiting(bench.call(run, "echo", args));
      const { asked_hash: argsHash } = await bench.approvalRow(approvalId);
      const messageId = newId();
      const of = { projectId: PROJECT, channelId: "ops", messageId, approvalId, argsHash };
      const approval = { approval_id: approvalId, args_hash: argsHash };
      await putMessage(bench, run, messageId, { text: "May it?", approval });
      return {
        of,
        approvalId,
        button: (what: Parameters<typeof tags.button>[1]) => tags.button(of, what),
      };
    },
    /** What was refused in the chat since this was asked last: who tried, and why not. */
    refusals: refusalsOf(bench),
  };
}

async function putMessage(
  bench: ShopBench,
  run: RunRow,
  message_id: string,
  content: object,
): Promise<void> {
  await bench.asTenant((tx) =>
    tx
      .insertInto("outbound_messages")
      .values({
        message_id,
        project_id: PROJECT,
        run_id: run.run_id,
        channel_type: "telegram",
        channel_id: "ops",
        message_type: "approval_request",
        content: jsonb(content),
        send_status: "sent",
        provider_message_id: MESSAGE,
      })
      .execute(),
  );
}

function refusalsOf(bench: ShopBench) {
  const told = new Set<string>();
  return async () => {
    const rows = await bench.asTenant((tx) =>
      tx
        .selectFrom("audit_log as a")
        .innerJoin("audit_private as p", "p.audit_id", "a.audit_id")
        .select(["a.audit_id", "a.actor_id", "a.details", "p.content"])
        .where("a.action", "=", "chat.refused")
        .orderBy("a.audit_id")
        .execute(),
    );
    const fresh = rows.filter(({ audit_id }) => !told.has(audit_id));
    for (const { audit_id } of fresh) told.add(audit_id);
    return fresh.map(({ actor_id, details, content }) => ({
      actor: actor_id,
      code: (details as { code: string }).code,
      user: (content as { user_id: string }).user_id,
    }));
  };
}

/** All words of a reply. */
export const said = ({ note, text, ask }: ChatReply): string => note ?? text ?? ask?.text ?? "";
