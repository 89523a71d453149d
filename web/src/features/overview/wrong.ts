import type { ChannelSummary } from "../channels/queries.ts";
import type { Overview } from "./queries.ts";

/** One thing that is wrong, or soon will be; the texts are under `overview.wrong_of` in the locales. */
export type Wrong =
  | { kind: "freeze"; freeze: Overview["freezes"]["items"][number] }
  | { kind: "server"; server: Overview["unhealthy_servers"]["items"][number] }
  | { kind: "tool"; tool: Overview["changed_tools"]["items"][number] }
  | { kind: "channel" | "unsent"; channel: ChannelSummary }
  | {
      kind: "failed";
      count: number;
      newest: Overview["failed_runs"]["items"][number];
      window: Overview["window"];
    }
  | { kind: "over" | "soon"; spend: Spend; share: number };

export type Spend = Overview["spend"]["items"][number];

/** From this share of its month's money on, a project is told of before it stands still. */
const SOON = 0.9;

/** The share of its limit that a project has spent or set aside; undefined without a limit. */
export function shareOf({ spent_usd, reserved_usd, limit_usd }: Spend): number | undefined {
  if (limit_usd === null) return undefined;
  return limit_usd === 0 ? 1 : (spent_usd + reserved_usd) / limit_usd;
}

const isIll = ({ health }: ChannelSummary) =>
  health.code === "failing" || health.code === "refusing";

/** What is wrong, what stops the most first. A channel that is well again may still have messages it has given up. */
export function wrongsOf(overview: Overview, channels: readonly ChannelSummary[]): Wrong[] {
  const spent = overview.spend.items.flatMap((spend): Wrong[] => {
    const share = shareOf(spend);
    if (share === undefined || share < SOON) return [];
    return [{ kind: share >= 1 ? "over" : "soon", spend, share }];
  });
  const [newest] = overview.failed_runs.items;
  return [
    ...overview.freezes.items.map((freeze): Wrong => ({ kind: "freeze", freeze })),
    ...spent.filter(({ kind }) => kind === "over"),
    ...overview.unhealthy_servers.items.map((server): Wrong => ({ kind: "server", server })),
    ...channels.filter(isIll).map((channel): Wrong => ({ kind: "channel", channel })),
    ...channels
      .filter((channel) => channel.failed > 0 && !isIll(channel))
      .map((channel): Wrong => ({ kind: "unsent", channel })),
    ...overview.changed_tools.items.map((tool): Wrong => ({ kind: "tool", tool })),
    ...(newest
      ? [
          {
            kind: "failed",
            count: overview.failed_runs.total,
            newest,
            window: overview.window,
          } satisfies Wrong,
        ]
      : []),
    ...spent.filter(({ kind }) => kind === "soon"),
  ];
}

/** How many things are wrong, also those that are not shown; what only will be is not counted. */
export function countWrong(overview: Overview, wrongs: readonly Wrong[]): number {
  const hidden = [overview.freezes, overview.unhealthy_servers, overview.changed_tools].reduce(
    (sum, { items, total }) => sum + total - items.length,
    0,
  );
  return hidden + wrongs.filter(({ kind }) => kind !== "soon").length;
}
