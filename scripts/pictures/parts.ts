import type { Locator, Page } from "playwright-core";
import { DESK, type Scene } from "./pages.ts";

/** The first of what a selector finds, once it is there. */
const first = (selector: string) => async (page: Page) => {
  const part = page.locator(selector).first();
  await part.waitFor();
  return part;
};

const part = (
  name: string,
  path: string | undefined,
  prepare: (page: Page) => Promise<Locator | undefined>,
  isDark = false,
): Scene => ({
  name: `parts/${name}`,
  visitor: isDark ? { ...DESK, colorScheme: "dark" } : DESK,
  ...(path === undefined ? {} : { path }),
  prepare,
});

/** Answers to the lists of members come as `answer` says. */
const members =
  (answer: (page: Page) => Promise<unknown>, selector: string) => async (page: Page) => {
    await answer(page);
    await page.reload();
    return first(selector)(page);
  };

const isMembers = /\/api\/v1\/members/;

const failing = (page: Page) =>
  page.route(isMembers, (route) =>
    route.fulfill({
      status: 500,
      contentType: "application/problem+json",
      json: { status: 500, title: "Something went wrong on our side", code: "E-INTERNAL" },
    }),
  );

const silent = (page: Page) => page.route(isMembers, () => {});

/** The parts of web/src/ui, where they stand in the console. */
export const PARTS: readonly Scene[] = [
  part("buttons", "/approvals", first(".bar")),
  part("marks", "/runs", first("table.runs")),
  part("marks-dark", "/runs", first("table.runs"), true),
  part("facts", undefined, first(".facts")),
  part("filters", "/runs?state=failed", first(".filters")),
  part("list", "/contracts", first("table.rows")),
  part("figure", "/", async (page) => {
    await page.locator(".recharts-surface").nth(1).waitFor();
    return page.locator("section.chart").first();
  }),
  part("dialog", "/tenants", async (page) => {
    await page.getByRole("button", { name: "New project" }).click();
    return first("[role=dialog]")(page);
  }),
  part(
    "reason",
    undefined,
    async (page) => {
      await page.getByRole("button", { name: /^Cancel run/ }).click();
      return first("[role=dialog]")(page);
    },
    true,
  ),
  part("menu", "/runs", async (page) => {
    await page.getByRole("button", { name: "Columns" }).click();
    return first("[role=menu]")(page);
  }),
  part("sheet", "/audit-log", async (page) => {
    await page.locator("a.what").first().click();
    return first("[role=dialog]")(page);
  }),
  part("empty", "/members?tab=delegations", first("main .page")),
  part("problem", "/members", members(failing, ".err")),
  part("bones", "/members", members(silent, ".bones")),
];
