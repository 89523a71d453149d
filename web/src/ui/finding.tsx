import { Fragment } from "react";
import { type Found, piecesOf } from "../app/findings.ts";
import { useWords } from "../app/words.ts";

/** Which field it is about, before what is said of it; nothing for what is about no field. */
export function At({ field }: { field: string }) {
  const { t } = useWords();
  if (field === "") return null;
  return (
    <>
      <code>{field}</code>
      {t("common.colon")}
    </>
  );
}

/** What was found wrong, in the reader's language; what a library said of it stays English, and is marked so. */
export function FindingText({ found }: { found: Found }) {
  const { language } = useWords();
  const pieces = piecesOf(found, language);
  return pieces.map(({ text, isEnglish }) =>
    isEnglish && language !== "en" ? (
      <span key={text} lang="en">
        {text}
      </span>
    ) : (
      <Fragment key={text}>{text}</Fragment>
    ),
  );
}
