import { startTransition, useEffect, useRef, useState } from "react";

/** The rows that were drawn when one took off, as indexes in the whole list. */
export interface Flight {
  first: number;
  last: number;
}

// Three windows a second, which nobody reads; a turn of the wheel or a page down is slower, or over before it is far.
const FLYING = 3;
const LANDING = 1.5;
const FAR = 2;
const LOOK_MS = 50;
const STILL_MS = 60;

/** What one has seen of a scroll so far; lengths in pixels, times in milliseconds. */
interface Seen {
  /** Where it began. */
  from: number;
  at: number;
  when: number;
}

/** Whether one flies over the list rather than to read it: fast, and far already; once it does, until it is slow again. */
export function isFlying(was: boolean, seen: Seen, now: Omit<Seen, "from">, window: number) {
  const speed = (Math.abs(now.at - seen.at) / window / (now.when - seen.when)) * 1000;
  return was ? speed > LANDING : speed > FLYING && Math.abs(now.at - seen.from) > FAR * window;
}

/**
 * The flight over the list, if it is one. Rows that come by meanwhile need not be more than their titles.
 *
 * @param drawn the rows that are drawn now
 */
export function useFlight(drawn: Flight): Flight | undefined {
  const [flight, setFlight] = useState<Flight>();
  const now = useRef(drawn);
  now.current = drawn;
  useEffect(() => {
    let seen: Seen | undefined;
    let flying = false;
    let still: ReturnType<typeof setTimeout> | undefined;
    const turn = (to: boolean) => {
      if (flying === to) return;
      flying = to;
      const { first, last } = now.current;
      if (to) setFlight({ first, last });
      // In slices, for one may be scrolling on.
      else startTransition(() => setFlight(undefined));
    };
    const land = () => {
      seen = undefined;
      turn(false);
    };
    // A page that was busy hears of a scroll only with its next frame.
    const wait = () => {
      still = setTimeout(land, STILL_MS);
    };
    const look = ({ timeStamp: when }: Event) => {
      const at = window.scrollY;
      clearTimeout(still);
      still = setTimeout(wait, STILL_MS);
      seen ??= { from: at, at, when };
      if (when - seen.when < LOOK_MS) return;
      turn(isFlying(flying, seen, { at, when }, window.innerHeight));
      seen = { from: seen.from, at, when };
    };
    window.addEventListener("scroll", look, { passive: true });
    return () => {
      window.removeEventListener("scroll", look);
      clearTimeout(still);
    };
  }, []);
  return flight;
}
