import type { z } from "zod";
import type { Review, reviewListSchema } from "../toolservers/review-contract.ts";
import { type Api, segment } from "./api.ts";
import { type Command, moreHint, PAGING } from "./command.ts";
import { moment } from "./table.ts";
import { usageError } from "./usage.ts";

type Reviews = z.output<typeof reviewListSchema>;

const LEAST_OF_HASH = 8;

export const toolsReview: Command = {
  name: "tools review",
  summary: "Show tools that are no longer what was pinned, or decide about one",
  details: `Without a tool it lists those that wait for a decision, with what changed. A decision names the version
that was looked at, by the first letters of its hash:

  awooop tools review --project acme
  awooop tools review shop-tools/restart --project acme --accept --hash 1a2b3c4d`,
  takes: ["[SERVER/TOOL]"],
  options: {
    project: { value: "PROJECT_ID", help: "whose" },
    accept: { help: "pin the tool as it is now" },
    keep: { help: "leave it quarantined" },
    hash: {
      value: "HASH",
      help: "the version that was looked at, its first eight letters or more",
    },
    reason: { value: "TEXT", help: "why, for the record" },
    ...PAGING,
  },
  async run({ api, args, isSet, option, required, show }) {
    const project_id = required("project");
    const [name] = args;
    if (name === undefined) {
      if (isSet("accept") || isSet("keep")) throw usageError("SERVER/TOOL is missing.");
      const more = { limit: option("limit"), cursor: option("cursor") };
      const query = { project_id, status: "open", ...more };
      const answer = await api.get<Reviews>("/tool-reviews", query);
      show(answer, () => reviewsInWords(answer));
      return;
    }
    if (isSet("accept") === isSet("keep")) throw usageError("Say either --accept or --keep.");
    const { server, tool } = partsOf(name);
    const changed_hash = await wholeHash(api, { project_id, server, tool }, required("hash"));
    const path = `/tool-servers/${segment(server)}/tools/${segment(tool)}/review`;
    const review = await api.send<Review>("POST", path, {
      project_id,
      decision: isSet("accept") ? "accept" : "keep",
      changed_hash,
      reason: option("reason"),
    });
    const done = review.status === "accepted" ? "is pinned as it is now" : "stays quarantined";
    show(review, () => `${name} ${done}.`);
  },
};

function partsOf(name: string): { server: string; tool: string } {
  const at = name.indexOf("/");
  if (at <= 0 || at === name.length - 1) {
    throw usageError(`"${name}" is no tool; write SERVER/TOOL, such as shop-tools/restart.`);
  }
  return { server: name.slice(0, at), tool: name.slice(at + 1) };
}

async function wholeHash(
  api: Api,
  of: { project_id: string; server: string; tool: string },
  beginning: string,
): Promise<string> {
  if (!/^[0-9a-f]{8,64}$/.test(beginning)) {
    throw usageError(`--hash takes the first ${LEAST_OF_HASH} letters of a hash, or more.`);
  }
  if (beginning.length === 64) return beginning;
  for (const status of ["open", "kept"]) {
    const query = { project_id: of.project_id, server_id: of.server, status, limit: "200" };
    const { reviews } = await api.get<Reviews>("/tool-reviews", query);
    const found = reviews.find(
      ({ tool_name, changed_hash }) => tool_name === of.tool && changed_hash.startsWith(beginning),
    );
    if (found) return found.changed_hash;
  }
  throw usageError(
    `No version ${beginning} of ${of.server}/${of.tool} waits for a decision; look at what does without a tool's name.`,
  );
}

function reviewsInWords(answer: Reviews): string {
  if (answer.reviews.length === 0) return "No tool waits for a decision.";
  return answer.reviews.map(reviewInWords).join("\n\n") + moreHint(answer);
}

function reviewInWords(review: Review): string {
  const { server_id, tool_name, changed_hash, changed_at, differences, flags } = review;
  return [
    `${server_id}/${tool_name}  ${changed_hash.slice(0, 12)}  changed ${moment(changed_at)}`,
    ...differences.map(({ text }) => `  ${text}`),
    ...flags.map(({ text }) => `  warning: ${text}`),
  ].join("\n");
}
