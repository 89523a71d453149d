import { useMemo, useState } from "react";
import { useWords } from "../../app/words.ts";
import { Copy } from "../../ui/copy.tsx";
import { Segment } from "../../ui/marks.tsx";
import { type Notation, written } from "./contract-text.ts";

/** What a revision says, word for word, with line numbers. */
export function BodyText(props: { body: unknown }) {
  const { t } = useWords();
  const [notation, setNotation] = useState<Notation>("yaml");
  const text = useMemo(() => written(props.body, notation), [props.body, notation]);
  return (
    <section>
      <div className="sec">
        <h2>{t("contracts.body")}</h2>
        <span className="flex-1" />
        <Copy text={text} label={t("contracts.copy_body")} />
        <Segment<Notation>
          label={t("contracts.notation")}
          value={notation}
          onChange={setNotation}
          options={[
            { value: "yaml", label: "YAML" },
            { value: "json", label: "JSON" },
          ]}
        />
      </div>
      <Numbered text={text} />
    </section>
  );
}

/** The numbers stand in a column of their own, so that what one selects has none of them in it. */
function Numbered(props: { text: string }) {
  const { t } = useWords();
  const lines = props.text.replace(/\n$/, "").split("\n");
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
    <section className="code-box" tabIndex={0} aria-label={t("contracts.body")}>
      <pre className="numbers" aria-hidden="true">
        {lines.map((_, at) => at + 1).join("\n")}
      </pre>
      <pre>{lines.join("\n")}</pre>
    </section>
  );
}
