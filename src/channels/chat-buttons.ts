import { type AgentBody, isChatAllowed } from "../contracts/index.ts";
import type { ButtonSubject, ChatTags } from "./chat-tags.ts";
import type { ChatButton, Language } from "./chat-types.ts";
import { chatWords } from "./chat-words.ts";

type Ask = NonNullable<AgentBody["tools"][number]["ask"]>;

/**
 * Whether a question may be approved where it is read in a chat: where its contract lets it, and never what the message
 * could not show whole.
 */
export function mayApproveInChat(ask: Ask | undefined, isWhole: boolean): boolean {
  return isChatAllowed(ask) && isWhole;
}

/** The buttons under a question. An approve button that is not made can't be pressed: there is no other way to approve. */
export function chatButtons(
  tags: ChatTags,
  of: ButtonSubject,
  { mayApprove, language, link }: { mayApprove: boolean; language: Language; link: string },
): ChatButton[] {
  const pressed = (decision: "approve" | "reject" | "request_changes"): ChatButton => ({
    label: chatWords(decision, language),
    data: tags.button(of, decision),
  });
  return [
    mayApprove
      ? pressed("approve")
      : { label: chatWords("approve_in_console", language), url: link },
    pressed("reject"),
    pressed("request_changes"),
    ...(mayApprove ? [{ label: chatWords("open", language), url: link }] : []),
  ];
}
