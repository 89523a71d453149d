import type { Database } from "../../platform/database/index.ts";
import type { Jobs } from "../../platform/jobs/index.ts";
import type { Sealer } from "../../platform/sealing.ts";
import { readSecret } from "../../secrets/index.ts";
import type { ChatButton, ChatReply } from "../chat-types.ts";
import type { ChannelRef } from "../event-queries.ts";
import { enqueueMessage } from "../messages.ts";
import { withdrawMessage } from "../record-try.ts";
import { formFor } from "./asked.ts";
import { contentOf, type SlackContent } from "./blocks.ts";
import type { SlackBody } from "./body.ts";
import { failureOf, openSlack } from "./client.ts";
import type { Deed } from "./meaning.ts";

/** How long nobody hears of a deed that is under way until they are told that it may be lost. */
const LOST_SECONDS = 60;

const WORDS = {
  open: { en: "Open in the console", "zh-TW": "在主控台開啟" },
  late: {
    en: "That took too long for Slack. Please try again.",
    "zh-TW": "對 Slack 來說花費太久，請再試一次。",
  },
  failed: {
    en: "That did not work. Please try again, or use the console.",
    "zh-TW": "操作沒有成功，請再試一次，或使用主控台。",
  },
  lost: {
    en: "It is not known what came of this. Look in the console, or try again.",
    "zh-TW": "無法得知結果，請到主控台查看，或再試一次。",
  },
};

export interface AnswerDeps {
  db: Database;
  jobs: Pick<Jobs, "send">;
  sealer: Sealer;
  /** Hosts that may have private addresses. */
  allowHosts: readonly string[];
}

/** In whose name, and in which language, people are answered. */
export interface Answering {
  channel: ChannelRef;
  contract: SlackBody;
}

/** What a reply says, as a message; undefined where there is nothing to say. */
function messageOf(
  { note, text, url }: ChatReply,
  { language }: SlackBody,
): { text: string; buttons: ChatButton[] } | undefined {
  const words = [note, text].filter((part) => part !== undefined).join("\n");
  if (words === "" && url === undefined) return undefined;
  const buttons = url === undefined ? [] : [{ label: WORDS.open[language], url }];
  return { text: words || WORDS.open[language], buttons };
}

/** A reply as Slack shows it; undefined where there is nothing to say. */
export function wordsOf(reply: ChatReply, contract: SlackBody): SlackContent | undefined {
  const message = messageOf(reply, contract);
  return message && contentOf(message.text, message.buttons, { hasHeadline: false });
}

/** What is said where what was asked for did not come through. */
export function failedReply({ language }: SlackBody): ChatReply {
  return { note: WORDS.failed[language] };
}

/**
 * Has a reply shown to nobody but whoever asked for it, for others in the conversation may have fewer rights: as a message
 * that is sent like any other, so that it is not lost once this resolves.
 *
 * @param insteadOf the message of `warn`, which is withdrawn
 */
export async function tell(
  { db, jobs }: AnswerDeps,
  { channel: { projectId, channelId }, contract }: Answering,
  deed: Deed,
  reply: ChatReply,
  insteadOf?: string,
): Promise<void> {
  // Where no form can be opened, the question is asked in words.
  const isInWords = reply.ask !== undefined && deed.triggerId === undefined;
  const said = messageOf(isInWords ? { text: reply.ask?.text ?? "", ...reply } : reply, contract);
  if (!said && insteadOf === undefined) return;
  await db.transaction({ role: "app", projects: [projectId] }, async (tx) => {
    if (insteadOf !== undefined) {
      const ids = { project_id: projectId, message_id: insteadOf };
      await withdrawMessage(tx, ids, "It became known what came of it.");
    }
    if (said)
      await enqueueMessage(tx, jobs, { projectId, channelId, ...notice(deed), ...of(said) });
  });
}

const of = ({ text, buttons }: { text: string; buttons: ChatButton[] }) => ({
  text,
  ...(buttons.length > 0 ? { buttons: () => buttons } : {}),
});

function notice({ user, place: { chatId, threadId } }: Deed) {
  const userId = user.userId.slice(user.userId.indexOf(":") + 1);
  const to = { userId, chatId, ...(threadId === undefined ? {} : { threadId }) };
  return { type: "notice", subjectKind: "chat_answer", isShadow: false, to } as const;
}

/** Has somebody told after a minute that it is not known what came of their deed, unless `tell` withdraws that. @returns its id */
export function warn(
  { db, jobs }: AnswerDeps,
  { channel: { projectId, channelId }, contract }: Answering,
  deed: Deed,
): Promise<string> {
  return db.transaction({ role: "app", projects: [projectId] }, (tx) =>
    enqueueMessage(tx, jobs, {
      projectId,
      channelId,
      ...notice(deed),
      text: WORDS.lost[contract.language],
      delaySeconds: LOST_SECONDS,
    }),
  );
}

/**
 * Opens the form in which somebody answers. Slack lets one be opened within three seconds; whoever was kept waiting longer is
 * told so.
 *
 * @throws Error when it could not be opened
 */
export async function openForm(
  deps: AnswerDeps,
  answering: Answering,
  deed: Deed,
  ask: NonNullable<ChatReply["ask"]>,
): Promise<void> {
  const { contract } = answering;
  try {
    const slack = await openChannelSlack(deps, answering);
    const view = formFor(ask, deed.place, contract.language);
    await slack.apiCall("views.open", { trigger_id: deed.triggerId, view });
  } catch (error) {
    await tell(deps, answering, deed, { note: WORDS.late[contract.language] });
    throw new Error(failureOf(error).reason);
  }
}

async function openChannelSlack(
  { db, sealer, allowHosts }: AnswerDeps,
  { channel: { projectId }, contract }: Answering,
) {
  const name = contract.bot_token.slice("secret:".length);
  const token = await db.transaction(
    { role: "app", projects: [projectId] },
    (tx) => readSecret(tx, sealer, projectId, name),
    { snapshot: true },
  );
  return openSlack({ token, apiUrl: contract.api_url, allowHosts });
}
