import { templateOf } from "../../../src/platform/findings-contract.ts";
import { fillWords, type WordParams } from "../../../src/platform/words-contract.ts";
import type { Language } from "./i18n.ts";

/** What the server found wrong with a field, or worth saying; without a code it is in somebody else's words. */
export interface Found {
  message: string;
  code?: string;
  params?: WordParams;
}

/** A piece of a sentence; what a library said is English whatever the page is in. */
export interface Piece {
  text: string;
  isEnglish: boolean;
}

/** A parameter with the words of a library, a parser or a tool server. */
const FOREIGN = /(\{\{said\}\})/;

/** What was found in the reader's language, or in English where only that is known. */
export function piecesOf(found: Found, language: Language): Piece[] {
  const template = found.code === undefined ? undefined : templateOf(found.code);
  if (language === "en" || !template) return [{ text: found.message, isEnglish: true }];
  const params = found.params ?? {};
  return template[language]
    .split(FOREIGN)
    .filter((part) => part !== "")
    .map((part) => ({
      text: fillWords({ en: part, "zh-TW": part }, params, language),
      isEnglish: FOREIGN.test(part),
    }));
}
