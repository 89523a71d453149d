import { decide, readQuestions } from "../approvals/index.ts";
import { type Caller, callerOfChat } from "../identity/index.ts";
import { AppError, type ErrorCode } from "../platform/errors.ts";
import { refusalIn, standingOf } from "./chat-answers.ts";
import { type ChatRefusal, recordRefusal } from "./chat-refusals.ts";
import { type ButtonSubject, type ChatDecision, type ChatTag, readTag } from "./chat-tags.ts";
import type { ChatDeps, ChatPlace, ChatReply, ChatUser, Language } from "./chat-types.ts";
import { type ChatWord, chatWords } from "./chat-words.ts";
import type { MessageContent } from "./messages.ts";
import { runLink } from "./run-link.ts";

const TEXT_MAX = 4_000;

/** Somebody answers a message: what they used, and the language of the channel. */
interface Answering {
  user: ChatUser;
  place: ChatPlace;
  language: Language;
}

/** A message that asked, as it was sent. */
interface AskingMessage {
  subject: ButtonSubject;
  runId: string;
  text: string;
  /** null while nothing is known of its arrival. */
  providerMessageId: string | null;
}

type Question = Awaited<ReturnType<typeof readQuestions>>[number];

/** All that a tag has been found to be good for. */
interface Asked extends Answering {
  tag: ChatTag;
  message: AskingMessage;
  question: Question;
  caller: Caller;
}

/** A button was pressed. */
export async function press(deps: ChatDeps, by: Answering, data: string): Promise<ChatReply> {
  const found = await checked(deps, by, data, "button");
  if ("reply" in found) return found.reply;
  const { tag, message, question, caller, user, place, language } = found;
  if (tag.decision === "approve") return decideAs(deps, found, "");
  if (question.may_decide?.may_refuse !== true) {
    const code = (question.may_decide?.code ?? "E-FORBIDDEN") as ErrorCode;
    const words =
      question.may_decide?.text ?? chatWords("needs_operator", language, { role: caller.role });
    return refuse(deps, by, { code, caller, tag, message }, words);
  }
  const text = chatWords(
    tag.decision === "reject" ? "ask_reject" : "ask_request_changes",
    language,
  );
  const from = { userId: user.userId, chatId: place.chatId };
  return { ask: { text, token: deps.tags.ask(message.subject, tag.decision, from) } };
}

/** What an ask asked for was written. */
export async function answerAsk(
  deps: ChatDeps,
  by: Answering,
  text: string,
  token: string,
): Promise<ChatReply> {
  const found = await checked(deps, by, token, "ask");
  if ("reply" in found) return found.reply;
  const { tag } = found;
  const reason = text.trim().toWellFormed().replaceAll("\0", "\ufffd");
  const isNone = tag.decision === "reject" && reason === "-";
  if (reason === "" || [...reason].length > TEXT_MAX)
    return { ask: { text: chatWords("text_needed", by.language), token } };
  return decideAs(deps, found, isNone ? "" : reason);
}

/**
 * Whether what came back is ours, was used where we put it, by somebody we know, about a question that stands as it was
 * shown; else what is said instead, and it has been recorded.
 */
async function checked(
  deps: ChatDeps,
  by: Answering,
  text: string,
  kind: ChatTag["kind"],
): Promise<Asked | { reply: ChatReply }> {
  const { user, place, language } = by;
  const no = async (refused: ChatRefusal, words: string) => ({
    reply: await refuse(deps, by, refused, words),
  });
  const tag = readTag(text);
  const message = tag && (await readMessage(deps, user, tag.messageId));
  const from = { userId: user.userId, chatId: place.chatId };
  if (tag?.kind !== kind || !message || !deps.tags.isIssued(tag, message.subject, from))
    return no({ code: "E-CHAT-FORGED" }, chatWords("forged", language));
  if (message.providerMessageId === null)
    return { reply: { note: chatWords("too_early", language) } };
  if (kind === "button" && place.messageId !== message.providerMessageId)
    return no({ code: "E-CHAT-FORWARDED", tag, message }, chatWords("forwarded", language));
  const caller = await callerOfChat(deps.db, user);
  const question = await readQuestion(deps, message.subject, language, caller);
  if (!question) return no({ code: "E-CHAT-FORGED", tag, message }, chatWords("forged", language));
  const stands = standingOf(question, language);
  if (stands) return no({ code: stands.code, tag, message, caller }, stands.words);
  if (!caller)
    return no({ code: "E-CHAT-UNLINKED", tag, message }, chatWords("unlinked", language));
  if (question.args_hash !== message.subject.argsHash)
    return no({ code: "E-APPR-CHANGED", tag, message, caller }, chatWords("changed", language));
  return { ...by, tag, message, question, caller };
}

async function readMessage(
  { db }: ChatDeps,
  { projectId, channelId }: ChatUser,
  messageId: string,
): Promise<AskingMessage | undefined> {
  const row = await db.transaction({ role: "app", projects: [projectId] }, (tx) =>
    tx
      .selectFrom("outbound_messages")
      .select(["run_id", "content", "provider_message_id"])
      .where("project_id", "=", projectId)
      .where("message_id", "=", messageId)
      .where("channel_id", "=", channelId)
      .executeTakeFirst(),
  );
  const content = row?.content as unknown as MessageContent | undefined;
  const { approval_id: approvalId, args_hash: argsHash } = content?.approval ?? {};
  if (!row?.run_id || approvalId === undefined || argsHash === undefined) return undefined;
  return {
    subject: { projectId, channelId, messageId, approvalId, argsHash },
    runId: row.run_id,
    text: content?.text ?? "",
    providerMessageId: row.provider_message_id,
  };
}

async function readQuestion(
  { db }: ChatDeps,
  { projectId, approvalId }: ButtonSubject,
  language: Language,
  caller: Caller | undefined,
): Promise<Question | undefined> {
  const ids = [{ project_id: projectId, approval_id: approvalId }];
  const [question] = await db.transaction(
    { role: "app", projects: [projectId] },
    (tx) => readQuestions(tx, ids, language, caller),
    { snapshot: true },
  );
  return question;
}

/** Tells somebody no, and records that they tried. */
async function refuse(
  deps: ChatDeps,
  { user, place }: Answering,
  refused: ChatRefusal,
  words: string,
): Promise<ChatReply> {
  await recordRefusal(deps.db, user, place, refused);
  const { message } = refused;
  const url = message && runLink(deps.publicUrl, user.projectId, message.runId);
  return { note: words, ...(url === undefined ? {} : { url }) };
}

const DONE: Record<ChatDecision, ChatWord> = {
  approve: "approved",
  reject: "rejected",
  request_changes: "changes_requested",
};

/** Decides in the one way there is, with the right of whoever pressed and what the message showed them. */
async function decideAs(deps: ChatDeps, asked: Asked, reason: string): Promise<ChatReply> {
  const { tag, message, caller, user, language } = asked;
  const { projectId, channelId, messageId, approvalId, argsHash } = message.subject;
  try {
    const { approval_token_jti } = await decide(deps, {
      scope: { role: "app", projects: [projectId] },
      projectId,
      runId: message.runId,
      decision: tag.decision,
      reason,
      approvalId,
      argsHash,
      approver: caller.actor,
      role: caller.role,
      via: { keyId: caller.keyId, actor: caller.actor },
      surface: user.channelType,
      language,
      shown: { channel_id: channelId, message_id: messageId, text: message.text },
    });
    const isPart = tag.decision === "approve" && approval_token_jti === null;
    return { note: chatWords(isPart ? "approved_one" : DONE[tag.decision], language) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const refused = { code: error.code, tag, message, caller };
    return refuse(deps, asked, refused, refusalIn(error, language));
  }
}
