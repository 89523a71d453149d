import type { Approval } from "../../app/api.ts";
import { useWords } from "../../app/words.ts";
import { Copy } from "../../ui/copy.tsx";
import { Segment } from "../../ui/marks.tsx";
import { ArgumentRows } from "./argument-rows.tsx";
import { Block } from "./block.tsx";

export type CallView = "table" | "json";

/** The call that is asked about, with every argument. */
export function ExactCall(props: {
  approval: Approval;
  view: CallView;
  onView: (view: CallView) => void;
}) {
  const { t } = useWords();
  const { approval } = props;
  const json = JSON.stringify(approval.arguments, null, 2);
  return (
    <Block
      className="second"
      title={t("question.exactly")}
      aside={
        <>
          <span className="text-xs text-ink-3 max-sm:hidden">
            {approval.server} / <code>{approval.tool}</code>
          </span>
          <Segment<CallView>
            label={t("question.view")}
            value={props.view}
            onChange={props.onView}
            options={[
              { value: "table", label: t("question.table") },
              { value: "json", label: "JSON" },
            ]}
          />
          <Copy text={json} label={t("details.copy_arguments")} />
        </>
      }
    >
      {props.view === "table" ? (
        <ArgumentRows table={approval.arguments_table} />
      ) : (
        <pre className="mt-2 whitespace-pre-wrap wrap-anywhere">{json}</pre>
      )}
    </Block>
  );
}
