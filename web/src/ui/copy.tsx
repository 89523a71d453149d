import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { announce } from "./announce.tsx";
import { Glyph } from "./glyphs.tsx";

export function Copy(props: { text: string; label: string }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(props.text);
      setCopied(true);
      announce(t("common.copied"));
    } catch {
      announce(t("common.copy_failed"));
    }
  };
  return (
    <button type="button" className="copy" aria-label={props.label} onClick={copy}>
      <Glyph name={copied ? "check" : "copy"} className="sm" />
    </button>
  );
}

/** A command or snippet to take along. */
export function CopyBlock(props: { text: string; label: string }) {
  return (
    <div className="relative">
      <pre className="pr-10 whitespace-pre-wrap wrap-anywhere">{props.text}</pre>
      <span className="absolute top-2 right-1 flex">
        <Copy text={props.text} label={props.label} />
      </span>
    </div>
  );
}
