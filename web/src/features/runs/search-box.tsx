import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { useKeys } from "../../app/keys.ts";
import { useWords } from "../../app/words.ts";
import { Glyph } from "../../ui/glyphs.tsx";
import { SEARCH_MAX } from "./filters.ts";

const PAUSE_MS = 250;

/** Finds runs by id, trace, trigger, error code or words; asks when the typing pauses. */
export function SearchBox() {
  const { t } = useWords();
  const { q = "" } = useSearch({ from: "/console/runs" });
  const navigate = useNavigate({ from: "/runs" });
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(q);
  const asked = useRef(q);
  useEffect(() => {
    // The address was changed by another hand: back, a link, the filters cleared.
    if (asked.current !== q) setText(q);
    asked.current = q;
  }, [q]);
  useEffect(() => {
    const wanted = text.trim();
    if (wanted === asked.current) return;
    const timer = setTimeout(() => {
      asked.current = wanted;
      navigate({
        search: ({ q: _, ...old }) => (wanted === "" ? old : { ...old, q: wanted }),
        replace: true,
      });
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text, navigate]);
  useKeys({ "/": () => input.current?.focus() });
  return (
    <label className="search">
      <Glyph name="search" className="sm text-ink-3" />
      <span className="sr-only">{t("filter.search")}</span>
      <input
        ref={input}
        type="search"
        value={text}
        maxLength={SEARCH_MAX}
        placeholder={t("filter.search_hint")}
        onChange={(event) => setText(event.target.value)}
      />
    </label>
  );
}
