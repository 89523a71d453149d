import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto";
import { canonicalJson } from "../platform/canonical.ts";

const MAC_BYTES = 16;

/** What can be decided in a chat. */
export type ChatDecision = "approve" | "reject" | "request_changes";

const LETTERS: Record<ChatDecision, string> = { approve: "a", reject: "r", request_changes: "c" };

/** What a button is about: one message that was sent, and the exact call that it asks about. */
export interface ButtonSubject {
  projectId: string;
  channelId: string;
  messageId: string;
  approvalId: string;
  /** Of the arguments that the message shows. */
  argsHash: string;
}

/** Who is asked for a text, and where. */
export interface Answerer {
  userId: string;
  chatId: string;
}

/**
 * What buttons and asks carry: 45 signs that name a message and a decision, with a MAC (HMAC-SHA256, 128 bits) of all
 * that they are bound to. Nothing is kept for them, so a button holds for as long as its question, and a database that
 * is read gives nobody another one.
 */
export interface ChatTags {
  button(of: ButtonSubject, decision: ChatDecision): string;
  ask(of: ButtonSubject, decision: ChatDecision, from: Answerer): string;
  /** Whether a text is, to the letter, what `button` or `ask` gave out for it; in constant time. */
  isIssued(tag: ChatTag, of: ButtonSubject, from: Answerer): boolean;
}

/** A tag as it came back, of which nothing is known yet. */
export interface ChatTag {
  text: string;
  kind: "button" | "ask";
  decision: ChatDecision;
  messageId: string;
}

/** @param key 32 secret bytes, the same in every process */
export function createChatTags(key: Uint8Array): ChatTags {
  const secret = createSecretKey(key);
  const tagOf = (
    kind: ChatTag["kind"],
    decision: ChatDecision,
    of: ButtonSubject,
    from?: Answerer,
  ) => {
    const { projectId, channelId, messageId, approvalId, argsHash } = of;
    const bound = [kind, decision, projectId, channelId, messageId, approvalId, argsHash];
    const mac = createHmac("sha256", secret)
      .update(canonicalJson(from ? [...bound, from.userId, from.chatId] : bound))
      .digest()
      .subarray(0, MAC_BYTES);
    const letter = kind === "ask" ? LETTERS[decision].toUpperCase() : LETTERS[decision];
    return letter + base64Of(messageId) + mac.toString("base64url");
  };
  return {
    button: (of, decision) => tagOf("button", decision, of),
    ask: (of, decision, from) => tagOf("ask", decision, of, from),
    isIssued({ text, kind, decision }, of, from) {
      const issued = Buffer.from(tagOf(kind, decision, of, kind === "ask" ? from : undefined));
      const given = Buffer.from(text);
      return given.length === issued.length && timingSafeEqual(given, issued);
    },
  };
}

const base64Of = (uuid: string) =>
  Buffer.from(uuid.replaceAll("-", ""), "hex").toString("base64url");

const TAG = /^([arcARC])([A-Za-z0-9_-]{22})[A-Za-z0-9_-]{22}$/;

/** Reads what came back; undefined for what can't be a tag of ours. */
export function readTag(text: string): ChatTag | undefined {
  const [, letter, id] = TAG.exec(text) ?? [];
  const decisions = Object.keys(LETTERS) as ChatDecision[];
  const decision = decisions.find((each) => LETTERS[each] === letter?.toLowerCase());
  if (letter === undefined || id === undefined || decision === undefined) return undefined;
  const hex = Buffer.from(id, "base64url").toString("hex");
  const messageId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  return { text, kind: letter === letter.toUpperCase() ? "ask" : "button", decision, messageId };
}
