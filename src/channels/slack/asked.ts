import type { View } from "@slack/web-api";
import { z } from "zod";
import type { ChatPlace, ChatReply } from "../chat-types.ts";
import { plain, sectionsOf } from "./blocks.ts";
import type { SlackBody } from "./body.ts";

/** Where in a form the answer stands. */
export const ANSWER_BLOCK = "answer";
export const ANSWER_FIELD = "text";
const MOST_ANSWER = 3_000;
const MOST_TITLE = 24;

const WORDS = {
  title: { en: "Your answer", "zh-TW": "您的回覆" },
  send: { en: "Send", "zh-TW": "送出" },
  cancel: { en: "Cancel", "zh-TW": "取消" },
};

/** What a form carries along: Slack gives it back as it is, and shows it to nobody. */
const askedSchema = z.strictObject({
  token: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  chatId: z.string().max(32),
  threadId: z.string().max(64).optional(),
  messageId: z.string().max(128).optional(),
});

/** The question that a form was about; undefined for forms that are none of ours. */
export function readAsked(metadata: string | undefined): z.infer<typeof askedSchema> | undefined {
  try {
    return askedSchema.safeParse(JSON.parse(metadata ?? "")).data;
  } catch {
    return undefined;
  }
}

/** The form in which a person writes the answer to a question. */
export function formFor(
  { text, token }: NonNullable<ChatReply["ask"]>,
  place: ChatPlace,
  language: SlackBody["language"],
): View {
  return {
    type: "modal",
    private_metadata: JSON.stringify({ token, ...place }),
    title: plain(WORDS.title[language], MOST_TITLE),
    submit: plain(WORDS.send[language], MOST_TITLE),
    close: plain(WORDS.cancel[language], MOST_TITLE),
    blocks: [
      ...sectionsOf(text),
      {
        type: "input",
        block_id: ANSWER_BLOCK,
        label: plain(WORDS.title[language], 2_000),
        element: {
          type: "plain_text_input",
          action_id: ANSWER_FIELD,
          multiline: true,
          max_length: MOST_ANSWER,
        },
      },
    ],
  };
}
