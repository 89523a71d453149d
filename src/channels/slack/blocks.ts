import type { Button, KnownBlock } from "@slack/web-api";
import type { ChatButton } from "../chat-types.ts";
import { oneLine } from "../preview.ts";

/** Of Slack's limits (docs.slack.dev/reference/block-kit), in characters. */
const MOST_SECTION = 3_000;
const MOST_HEADER = 150;
const MOST_LABEL = 75;
const MOST_URL = 3_000;
/** What stands above the first of the 50 blocks that a message may have, and below the last, has room. */
const MOST_SECTIONS = 40;
/** A piece of text that fits a section even when each of its characters is escaped. */
const PIECE = 500;
const FALLBACK_MAX = 300;

/** Text as it is: nothing in it is a mention, a link or a channel to Slack (docs.slack.dev, "Escaping text"). */
function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** A text for a block: escaped, with its web addresses as links. */
function markUp(text: string): string {
  return escapeText(text).replace(/https?:\/\/(?:(?!&[lg]t;)[^\s|])+/g, (url) => `<${url}>`);
}

/** A text as sections; what is too long ends in `…`. */
export function sectionsOf(text: string): KnownBlock[] {
  const whole = text.toWellFormed().replaceAll("\0", "\ufffd");
  const packed: string[] = [];
  let last = "";
  for (const piece of whole.split("\n").flatMap(piecesOf)) {
    if (last.length + piece.length > MOST_SECTION) {
      packed.push(last);
      last = "";
    }
    last += piece;
  }
  const all = [...packed, last].map((part) => part.trim()).filter((part) => part !== "");
  const kept = all.length > MOST_SECTIONS ? [...all.slice(0, MOST_SECTIONS - 1), "…"] : all;
  return kept.map((part) => ({
    type: "section",
    // `verbatim`: Slack would otherwise make links and mentions of what looks like some.
    text: { type: "mrkdwn", text: part, verbatim: true },
  }));
}

function piecesOf(line: string): string[] {
  const points = Array.from(line);
  const count = Math.max(1, Math.ceil(points.length / PIECE));
  return Array.from({ length: count }, (_, at) => {
    const piece = markUp(points.slice(at * PIECE, (at + 1) * PIECE).join(""));
    return at === count - 1 ? `${piece}\n` : piece;
  });
}

/** What a message is made of; `text` is for notifications and screen readers. */
export interface SlackContent {
  text: string;
  blocks: KnownBlock[];
}

/** A message with its buttons. The first line of a question is its headline. */
export function contentOf(
  text: string,
  buttons: readonly ChatButton[],
  options: { hasHeadline: boolean },
): SlackContent {
  const [first = "", ...rest] = text.split("\n");
  const hasHeader = options.hasHeadline && first.trim() !== "" && first.length <= MOST_HEADER;
  const header: KnownBlock[] = hasHeader
    ? [{ type: "header", text: plain(first, MOST_HEADER) }]
    : [];
  const sections = sectionsOf(hasHeader ? rest.join("\n") : text);
  const elements = buttons.flatMap(buttonOf);
  return {
    text: escapeText(oneLine(text, FALLBACK_MAX)) || "…",
    blocks: [
      ...header,
      ...sections,
      ...(elements.length > 0 ? [{ type: "actions" as const, elements }] : []),
    ],
  };
}

function buttonOf(button: ChatButton, at: number): Button[] {
  const common = {
    type: "button" as const,
    // Unique in its message.
    action_id: `awooop.${at}`,
    text: plain(button.label, MOST_LABEL),
  };
  if ("data" in button) return [{ ...common, value: button.data }];
  return button.url.length <= MOST_URL ? [{ ...common, url: button.url }] : [];
}

/** A text that is shown as it is. */
export function plain(text: string, most: number) {
  return { type: "plain_text" as const, text: oneLine(text, most) || "…", emoji: false };
}
