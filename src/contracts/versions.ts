import type { ChangeLevel } from "./contract.ts";

/** A contract's version: the major number rises when a permission is widened, the minor one with every other change. */
export interface Version {
  major: number;
  minor: number;
}

/** The numbers of a contract that are taken, by revisions in whatever status. */
export interface Taken {
  /** The active revision's major number; null when none is active. */
  activeMajor: number | null;
  highestMajor: number;
  /** The highest minor number under the active revision's major number, or under the highest when none is active. */
  highestMinor: number;
}

/**
 * The number of a new revision. Numbers of drafts that never became active stay taken, so that a number names one body
 * for ever.
 *
 * @param taken undefined when the contract has no revision yet
 */
export function nextVersion(taken: Taken | undefined, level: ChangeLevel): Version {
  if (!taken) return { major: 1, minor: 0 };
  if (level === "major") return { major: taken.highestMajor + 1, minor: 0 };
  return { major: taken.activeMajor ?? taken.highestMajor, minor: taken.highestMinor + 1 };
}

/**
 * Whether a revision may no longer become active under its number, because of what has become active since it was
 * drafted: compared with that it widens a permission, or lies behind it, and its major number does not say so.
 *
 * @param activatedMajor the highest major number that is or was active; null when none ever was
 * @param level what it is compared with the revision that is active now
 */
export function isStale(
  version: Version,
  activatedMajor: number | null,
  level: ChangeLevel,
): boolean {
  if (activatedMajor === null) return false;
  return version.major < activatedMajor + (level === "major" ? 1 : 0);
}

/** A version as people write it: `2.1`. */
export function versionText(of: { version_major: number; version_minor: number }): string {
  return `${of.version_major}.${of.version_minor}`;
}
