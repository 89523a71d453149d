import { useWords } from "../../app/words.ts";
import type { Freeze } from "./queries.ts";

/** What is frozen, as the beginning of a sentence. */
export function useFrozenWords() {
  const { t } = useWords();
  return (freeze: Freeze): string =>
    t(`freeze.stands.${freeze.scope}`, {
      agent: freeze.agent_id ?? "",
      project: freeze.project_id ?? "",
    });
}
