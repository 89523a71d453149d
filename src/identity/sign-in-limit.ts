import { AppError } from "../platform/errors.ts";

const WINDOW_MS = 60_000;
const MOST_FAILURES = 10;
const MOST_ADDRESSES = 10_000;

/** Slows down guessing: ten wrong keys from one address, and it waits out the minute. */
export interface SignInLimit {
  /** @throws AppError E-SIGN-IN-RATE */
  check(address: string): void;
  failed(address: string): void;
}

/** @param now milliseconds; any clock that only goes forward */
export function createSignInLimit(now: () => number): SignInLimit {
  const failures = new Map<string, { count: number; until: number }>();
  return {
    check(address) {
      const found = failures.get(address);
      if (!found || found.count < MOST_FAILURES) return;
      const seconds = Math.ceil((found.until - now()) / 1000);
      if (seconds <= 0) {
        failures.delete(address);
        return;
      }
      throw new AppError(
        "E-SIGN-IN-RATE",
        `Too many wrong keys came from ${address}; try again in ${seconds} s.`,
        { extra: { retry_after_seconds: seconds } },
      );
    },
    failed(address) {
      if (failures.size >= MOST_ADDRESSES) failures.clear();
      const found = failures.get(address);
      if (found && found.until > now()) found.count += 1;
      else failures.set(address, { count: 1, until: now() + WINDOW_MS });
    },
  };
}
