/** How long a part of a time may be, in minutes: what a clock divides by. */
const STEPS = [5, 15, 30, 60, 120, 180, 360];
const MOST_PARTS = 28;

/** The length in minutes of the parts that `hours` are shown in: the shortest that makes at most 28 of them. */
export function partMinutes(hours: number): number {
  return STEPS.find((step) => (hours * 60) / step <= MOST_PARTS) ?? 360;
}
