import { type Finding, finding } from "./findings-contract.ts";

/** As JavaScript has it, with the text that a value was read from; TypeScript does not know of that yet. */
type ParseWithSource = (
  text: string,
  reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
) => unknown;

/** What a number has in its text, if a double may not hold it. */
const SUSPECT = /\d{16}|[eE]\+?\d{3}/;

export interface LostNumber {
  /** As it is written. */
  number: string;
  /** Where it stands, such as `arguments.ids.0`; empty for the whole. */
  path: string;
}

/**
 * The first number in a JSON text that would be written as another one after it was read: a whole number in plain digits
 * that no double holds (an id of 19 digits would name something else), or one beyond 1.8e308. Fractions are rounded, as
 * everywhere.
 *
 * @returns undefined where there is none, or the text is no JSON
 */
export function lostNumber(text: string): LostNumber | undefined {
  if (!SUSPECT.test(text)) return undefined;
  let lost: string | undefined;
  const mark = {};
  try {
    const read = (JSON.parse as ParseWithSource)(text, (_key, value, { source }) => {
      if (lost !== undefined || typeof value !== "number" || !isLost(value, source ?? ""))
        return value;
      lost = source;
      return mark;
    });
    return lost === undefined ? undefined : { number: lost, path: pathTo(mark, read) ?? "" };
  } catch {
    return undefined;
  }
}

function pathTo(mark: object, value: unknown): string | undefined {
  if (value === mark) return "";
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, part] of Object.entries(value)) {
    const rest = pathTo(mark, part);
    if (rest !== undefined) return rest === "" ? key : `${key}.${rest}`;
  }
  return undefined;
}

function isLost(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return true;
  if (!/^-?\d+$/.test(source)) return false;
  // What JavaScript itself has written comes out as it came in, though the double is another whole number.
  return BigInt(source) !== BigInt(value) && String(value) !== source;
}

/** Says to whoever sent it what to do instead. */
export function lostNumberFinding({ number }: LostNumber): Finding {
  return finding("lost_number", { number: number.slice(0, 40) });
}
