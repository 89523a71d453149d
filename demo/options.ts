import { parseArgs } from "node:util";

export const USAGE = `npm run demo [-- OPTIONS]

Starts AwoooP with its own database and a small shop, breaks the shop, posts the alert, and prints one
link. You approve the repair in the browser. Needs no account and nothing installed but npm's packages.

  --yes    nobody at the browser: approves through the public API, prints the timeline of both runs, and
           exits 0 only if the shop is healthy again and the timelines are complete
  --help   prints this

  AWOOOP_DEMO_DIR   where the demo keeps its files while it runs; default .demo/ beside package.json
  AWOOOP_PORT       the console's port; default 4600, or a free one if that is taken
`;

export type Options = { unattended: boolean; help: boolean; demoDir: string; port: number };

/** Reads arguments and environment; throws an `Error` with one plain sentence if they are wrong. */
export function readOptions(args: string[], env: NodeJS.ProcessEnv, packageDir: string): Options {
  const { values } = parseArgs({
    args,
    options: { yes: { type: "boolean" }, help: { type: "boolean", short: "h" } },
  });
  const port = env.AWOOOP_PORT === undefined ? 4600 : Number(env.AWOOOP_PORT);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`AWOOOP_PORT is '${env.AWOOOP_PORT}'; it has to be a number from 0 to 65535.`);
  }
  return {
    unattended: values.yes ?? false,
    help: values.help ?? false,
    demoDir: env.AWOOOP_DEMO_DIR || `${packageDir}/.demo`,
    port,
  };
}
