import type { GlyphName } from "../../ui/glyphs.tsx";

/** A line that says which state a run entered; `running` is the moment it starts, not its going on. */
export const STATE_ENTRY_GLYPH: Partial<Record<string, GlyphName>> = {
  pending: "pending",
  running: "start",
  waiting_approval: "waiting",
  completed: "completed",
  failed: "failed",
  cancelled: "cancelled",
  timed_out: "clock",
};
