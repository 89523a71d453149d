import type { LifecycleStatus } from "../../../../src/contracts/contract.ts";
import { useWords } from "../../app/words.ts";
import { cx } from "../../ui/cx.ts";
import { Glyph, type GlyphName } from "../../ui/glyphs.tsx";

// Written again, because the contract's own lists would bring its schemas into the console.
export const STATUSES = [
  "draft",
  "review",
  "active",
  "deprecated",
  "retired",
  "rejected",
] as const satisfies readonly LifecycleStatus[];
export const FAMILIES = ["agent", "tool_server", "policy", "channel"] as const;

const GLYPHS: Record<LifecycleStatus, GlyphName> = {
  draft: "pending",
  review: "waiting",
  active: "completed",
  deprecated: "cancelled",
  retired: "cancelled",
  rejected: "refused",
};

/** Where a revision is in its life, as a sign and a word. */
export function StatusMark(props: { status: LifecycleStatus }) {
  const { t } = useWords();
  return (
    <span className={cx("state", `life-${props.status}`)}>
      <Glyph name={GLYPHS[props.status]} />
      {t(`contracts.status.${props.status}`)}
    </span>
  );
}
