import type { Approval } from "../../app/api.ts";
import { Glyph } from "../../ui/glyphs.tsx";

const MOST_DIAMONDS = 6;

/** One diamond for each approver that is needed; filled for those who said yes. */
export function Quorum(props: { approval: Approval }) {
  const { approval } = props;
  const { needed, counted } = approval.approvers;
  const yes = counted.length;
  return (
    <span className="quorum">
      {Array.from({ length: Math.min(needed, MOST_DIAMONDS) }, (_, i) => (
        <Glyph
          // biome-ignore lint/suspicious/noArrayIndexKey: the diamonds have no identity
          key={i}
          name={i < yes ? "granted" : "waiting"}
          className="sm text-you-text"
        />
      ))}
      <span className="num text-xs">
        {yes}/{needed}
      </span>
    </span>
  );
}
