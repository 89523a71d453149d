import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * What takes longest, each beside one that waits for other things: for a browser, for processes, for the database.
 * Where nothing is known of an earlier run, a file's size is all that tells how long it takes, and that misleads here.
 */
const LONGEST = [
  "by-hand-runs",
  "isolation",
  "time",
  "by-hand-people",
  "explain",
  "by-hand-questions",
  "crash",
  "console-registry",
  "fuzz",
  "embedded",
  "by-hand-registry",
  "retention",
  "hostile-tool-servers",
  "console-runs",
  "decide-faults",
  "inbox",
  "example-agents",
].map((name) => `/${name}.test.ts`);

const placeOf = ({ moduleId }: TestSpecification): number => {
  const at = LONGEST.findIndex((name) => moduleId.endsWith(name));
  return at < 0 ? LONGEST.length : at;
};

/** Starts the longest files first, so that none is left to run alone in the end. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => placeOf(a) - placeOf(b));
  }
}
