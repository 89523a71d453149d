/** Pure formatting: numbers and times to words, without React and without the current language. */

export type DurationParts =
  | { unit: "ms"; a: string }
  | { unit: "s"; a: string }
  | { unit: "min"; a: string; b: string }
  | { unit: "h"; a: string; b: string }
  | { unit: "d"; a: string; b: string };

const two = (n: number): string => String(n).padStart(2, "0");

/**
 * Splits a duration in milliseconds into the largest two units that matter. `fine` keeps one decimal
 * up to a minute (sums), otherwise only up to ten seconds (rows).
 */
export function durationParts(ms: number, fine = false): DurationParts {
  const value = Math.max(0, ms);
  if (value < 999.5) return { unit: "ms", a: String(Math.round(value)) };
  const seconds = value / 1000;
  if (seconds < (fine ? 59.95 : 9.95)) return { unit: "s", a: seconds.toFixed(1) };
  const whole = Math.round(seconds);
  if (whole < 60) return { unit: "s", a: String(whole) };
  if (whole < 3600) return { unit: "min", a: String(Math.floor(whole / 60)), b: two(whole % 60) };
  const minutes = Math.floor(whole / 60);
  if (minutes < 1440)
    return { unit: "h", a: String(Math.floor(minutes / 60)), b: two(minutes % 60) };
  const hours = Math.floor(minutes / 60);
  return { unit: "d", a: String(Math.floor(hours / 24)), b: String(hours % 24) };
}

const DAY_MS = 86_400_000;
const YEAR_DAYS = 365;

/** Time left as a clock: `11:42`, `1:02:03`; never below `0:00`. Nobody counts the seconds of days: `3 days`, `73 years`. */
export function countdown(ms: number, language: string): string {
  const days = Math.floor(ms / DAY_MS);
  if (days >= 2 * YEAR_DAYS) return inUnits(Math.floor(days / YEAR_DAYS), "year", language);
  if (days >= 2) return inUnits(days, "day", language);
  const total = Math.max(0, Math.ceil(ms / 1000));
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  const rest = two(total % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

const inUnits = (count: number, unit: "day" | "year", language: string): string =>
  new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(count);

/** For the axis of a chart, where there is little room: `1.05K`, `1.2萬`. */
export const shortNumber = (n: number, language: string): string =>
  new Intl.NumberFormat(language, { notation: "compact", maximumSignificantDigits: 3 }).format(n);

/** The first 13 characters of a UUIDv7: its full time, and a prefix that can be searched for. */
export const shortId = (id: string): string => id.slice(0, 13);

/** `3f9a0c77…e1d2c21b`: enough of a hash to compare by eye. */
export const shortHash = (hash: string): string =>
  hash.length > 20 ? `${hash.slice(0, 8)}…${hash.slice(-8)}` : hash;

/** What `make` makes of its values, each made once: a formatter costs a hundred times what a use of it does. */
function kept<Values extends (string | number | boolean)[], Made>(
  make: (...values: Values) => Made,
): (...values: Values) => Made {
  const made = new Map<string, Made>();
  return (...values) => {
    const key = values.join(" ");
    const one = made.get(key) ?? make(...values);
    made.set(key, one);
    return one;
  };
}

const dollars = kept(
  (language: string, least: number, most: number) =>
    new Intl.NumberFormat(language, {
      style: "currency",
      currency: "USD",
      currencyDisplay: "narrowSymbol",
      minimumFractionDigits: least,
      maximumFractionDigits: most,
    }),
);

/** US dollars with four decimals, six where four would show nothing but zeros. */
export function money(usd: number, language: string): string {
  const digits = usd !== 0 && Math.abs(usd) < 0.00005 ? 6 : 4;
  return dollars(language, digits, digits).format(usd);
}

/** A limit, which a person wrote: as few decimals as say it exactly. */
export const moneyLimit = (usd: number, language: string): string =>
  dollars(language, 2, 6).format(usd);

const counts = kept((language: string) => new Intl.NumberFormat(language));

/** A number with the separators of the language. */
export const count = (n: number, language: string): string => counts(language).format(n);

/** Local wall time, `03:07:58`, and with milliseconds `03:07:58.214`. */
export function wallTime(iso: string | number, withMs = false): string {
  const d = new Date(iso);
  const time = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
  return withMs ? `${time}.${String(d.getMilliseconds()).padStart(3, "0")}` : time;
}

/** The part of `current` that repeats `previous`, cut at a separator, to be shown dimmed. */
export function sharedPrefix(previous: string | null, current: string): [string, string] {
  if (previous === null) return ["", current];
  let same = 0;
  while (same < current.length && current[same] === previous[same]) same += 1;
  let cut = 0;
  for (let i = 0; i < same; i += 1) if (current[i] === ":") cut = i + 1;
  if (same >= 8 && current[8] === ".") cut = 8;
  return [current.slice(0, cut), current.slice(cut)];
}

export function isSameDay(a: Date, b: Date): boolean {
  return (
    a.getDate() === b.getDate() &&
    a.getMonth() === b.getMonth() &&
    a.getFullYear() === b.getFullYear()
  );
}

const days = kept(
  (language: string, withYear: boolean) =>
    new Intl.DateTimeFormat(language, {
      ...(withYear ? { year: "numeric" } : {}),
      month: "short",
      day: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    }),
);

/** `14 Nov 11:20`, with the year only when it is another one. */
export function dayAndTime(iso: string, language: string, now: Date): string {
  const date = new Date(iso);
  return days(language, date.getFullYear() !== now.getFullYear()).format(date);
}

/** `UTC+8`, `UTC−3:30`. */
export function zoneName(offsetMinutesWest: number): string {
  const east = -offsetMinutesWest;
  const hours = Math.floor(Math.abs(east) / 60);
  const minutes = Math.abs(east) % 60;
  return `UTC${east < 0 ? "−" : "+"}${hours}${minutes === 0 ? "" : `:${two(minutes)}`}`;
}

/** Ends a text with a full stop unless it has an end, so that another sentence can follow. */
export function ended(text: string, language: string): string {
  if (/[.!?…。！？]["”」)）]?$/.test(text.trim())) return text.trim();
  return `${text.trim()}${language.startsWith("zh") ? "。" : "."}`;
}

/** Sentences one after another: a space after a Latin full stop, none after 。 which brings its own. */
export function joined(texts: readonly string[]): string {
  return texts.reduce(
    (all, text) => (/[.!?]["”)]?$/.test(all) ? `${all} ${text}` : all + text),
    "",
  );
}
