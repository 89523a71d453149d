import { percentOf } from "./folder.ts";

/** Above this share of the quota the shop calls itself degraded. */
const FULL_PERCENT = 90;

export type Health = {
  status: "healthy" | "degraded";
  summary: string;
  host: string;
  started_at: string;
  refused_writes: number;
  cache: {
    path: string;
    used_bytes: number;
    quota_bytes: number;
    percent: number;
    files: number;
    writable: boolean;
  };
};

export type Observed = Pick<Health, "host" | "started_at" | "refused_writes"> & {
  cache: Omit<Health["cache"], "percent">;
};

/** Judges what was observed; the summary says in one sentence why. */
export function judge(observed: Observed): Health {
  const percent = percentOf(observed.cache.used_bytes, observed.cache.quota_bytes);
  const cache = { ...observed.cache, percent };
  const summary = describe(percent, cache.writable);
  const healthy = cache.writable && percent <= FULL_PERCENT;
  return { ...observed, status: healthy ? "healthy" : "degraded", summary, cache };
}

function describe(percent: number, writable: boolean): string {
  const fill = `The cache is ${percent} % full`;
  if (!writable) return `${fill} and takes no new pages: every page is rendered anew.`;
  if (percent > FULL_PERCENT)
    return `${fill}; above ${FULL_PERCENT} % it is about to refuse pages.`;
  return `${fill} and takes new pages.`;
}
