import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { DiffResponse } from "../../../../src/contracts/lifecycle-contract.ts";
import { useWords } from "../../app/words.ts";
import { DiffTable } from "../../ui/diff-table.tsx";
import { diffLines } from "../../ui/line-diff.ts";
import { Segment } from "../../ui/marks.tsx";
import { useWide } from "../../ui/use-wide.ts";
import { written } from "./contract-text.ts";

type View = "side" | "inline" | "patch";

/** Both texts, line by line; on a narrow screen one under the other. */
export function TextDiff(props: { before: unknown; after: unknown; diff: DiffResponse }) {
  const { t } = useWords();
  const isWide = useWide();
  const search = useSearch({ from: "/console/contracts/$a/diff/$b" });
  const navigate = useNavigate({ from: "/contracts/$a/diff/$b" });
  const rows = useMemo(
    () => diffLines(written(props.before, "yaml"), written(props.after, "yaml")),
    [props.before, props.after],
  );
  const asked: View = search.view ?? "side";
  const view = asked === "side" && !isWide ? "inline" : asked;
  const choices: { value: View; label: string }[] = [
    { value: "side", label: t("contracts.side_by_side") },
    { value: "inline", label: t("contracts.inline") },
    { value: "patch", label: "JSON Patch" },
  ];
  const choose = (next: View) =>
    navigate({ search: next === "side" ? {} : { view: next }, replace: true });
  const { from, to } = props.diff;
  return (
    <section>
      <div className="sec flex-wrap">
        <h2>{t("contracts.text")}</h2>
        <span className="flex-1" />
        <Segment
          label={t("contracts.view")}
          value={view}
          onChange={choose}
          options={isWide ? choices : choices.slice(1)}
        />
      </div>
      {view === "patch" ? (
        <Patch patch={props.diff.patch} />
      ) : (
        <DiffTable
          rows={rows}
          isInline={view === "inline"}
          before={from.version}
          after={to.version}
          caption={t("contracts.text")}
        />
      )}
    </section>
  );
}

function Patch(props: { patch: DiffResponse["patch"] }) {
  const { t } = useWords();
  const [text] = useState(() => JSON.stringify(props.patch, null, 2));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
    <section className="code-box" tabIndex={0} aria-label="JSON Patch">
      {props.patch.length === 0 ? <p>{t("contracts.no_change")}</p> : <pre>{text}</pre>}
    </section>
  );
}
