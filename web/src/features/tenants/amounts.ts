/** A number as it is typed into a field that may be left empty. */
export type Amount = { ok: true; value: number | null } | { ok: false };

/** Reads digits, with decimals where `decimals` allows them; an empty field says null. */
export function readAmount(text: string, decimals = 0): Amount {
  const typed = text.trim();
  if (typed === "") return { ok: true, value: null };
  const form = decimals === 0 ? /^\d{1,10}$/ : new RegExp(`^\\d{1,8}(\\.\\d{1,${decimals}})?$`);
  return form.test(typed) ? { ok: true, value: Number(typed) } : { ok: false };
}

/** What a field shows of a number. */
export const amountText = (value: number | null): string => (value === null ? "" : String(value));
