import type { Locator, Page } from "playwright-core";
import type { Visitor } from "../../test/support/page.ts";

/** One picture: who looks at what, and what is done before it is taken. */
export interface Scene {
  /** In docs/images, without `.png`. */
  name: string;
  visitor: Visitor;
  /** Left out: the run of the demo's link. */
  path?: string;
  /** Ends when all is there; gives the part that the picture is of, or nothing for the whole window. */
  prepare(page: Page): Promise<Locator | undefined>;
}

export const DESK: Visitor = { locale: "en-US", colorScheme: "light", width: 1280 };
const DARK_DESK: Visitor = { ...DESK, colorScheme: "dark" };
const CHINESE_DESK: Visitor = { ...DESK, locale: "zh-TW" };
const DARK_CHINESE_DESK: Visitor = { ...CHINESE_DESK, colorScheme: "dark" };
const PHONE: Visitor = { ...DESK, width: 390 };

/** Waits until something is there, and takes the whole window. */
const whole = (selector: string) => async (page: Page) => {
  await page.locator(selector).first().waitFor();
  return undefined;
};

const EXAMPLE =
  "/api/v1/contracts?project_id=demo&contract_id=restart-happy&lifecycle_status=active";

/** Drafts the next revision of an agent that may spend and do more, and opens what it changes. */
async function openDiff(page: Page): Promise<undefined> {
  const { origin } = new URL(page.url());
  const { contracts } = await (await page.request.get(origin + EXAMPLE)).json();
  const [{ revision_id: id, contract_id }] = contracts;
  const { body } = await (await page.request.get(`${origin}/api/v1/contracts/${id}`)).json();
  const data = {
    project_id: "demo",
    contract_family: "agent",
    contract_id,
    body: {
      ...body,
      description: "Restarts a service that answers slowly, once a second person agrees.",
      tools: [
        ...body.tools,
        {
          server: "shop-tools",
          tool: "restart_service",
          effect: "write",
          approval: "always",
          quorum: 2,
        },
      ],
      limits: { ...body.limits, cost_usd: 2 },
    },
  };
  const headers = { origin };
  const answer = await page.request.post(`${origin}/api/v1/contracts`, { data, headers });
  const draft = await answer.json();
  await page.goto(`${origin}/contracts/${id}/diff/${draft.revision_id}`);
  await page.getByText("restart_service").first().waitFor();
  return undefined;
}

/** The ten pages that one should have seen, over languages, themes and widths. */
export const PAGES: readonly Scene[] = [
  {
    name: "run",
    visitor: DESK,
    async prepare(page) {
      // A person takes a while to look; without that there is no wait to see in the picture.
      await page.getByText(/waiting\sfor\sa\sperson,\s2\d\ss/).waitFor({ timeout: 90_000 });
      return undefined;
    },
  },
  { name: "overview", visitor: DESK, path: "/", prepare: whole(".recharts-surface >> nth=1") },
  { name: "runs", visitor: DARK_DESK, path: "/runs", prepare: whole("text=Cache service slow") },
  {
    name: "approvals",
    visitor: CHINESE_DESK,
    path: "/approvals",
    prepare: whole(".ask .headline"),
  },
  {
    name: "approval-phone",
    visitor: PHONE,
    path: "/approvals",
    async prepare(page) {
      await page.getByText("clear_cache").first().click();
      await page.locator(".ask .headline").waitFor();
      return undefined;
    },
  },
  {
    name: "waterfall",
    visitor: DARK_CHINESE_DESK,
    async prepare(page) {
      await page.getByText("時間瀑布").click();
      await page.locator(".waterfall, [class*=waterfall]").first().waitFor();
      return undefined;
    },
  },
  { name: "contract-diff", visitor: DESK, path: "/contracts", prepare: openDiff },
  {
    name: "tool-server",
    visitor: DARK_CHINESE_DESK,
    path: "/tool-servers/demo/shop-tools",
    prepare: whole("text=clear_cache"),
  },
  {
    name: "channel-events",
    visitor: { ...CHINESE_DESK, width: 390 },
    path: "/channel-events",
    prepare: whole("main table"),
  },
  {
    name: "palette",
    visitor: DARK_DESK,
    path: "/audit-log",
    async prepare(page) {
      await page.locator("main table").waitFor();
      await page.keyboard.press("Control+k");
      await page.keyboard.type("cache slow");
      await page.getByRole("option", { name: /Cache service slow/ }).waitFor();
      return undefined;
    },
  },
];
