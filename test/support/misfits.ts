import type { Page } from "playwright-core";

/** As much as a text's box may reach over its line without a letter being touched. */
const SLACK_PX = 4;

/** The least that a finger hits, in each direction (WCAG 2.2, 2.5.8). */
const TARGET_PX = 24;

/** Narrower than this the console is laid out for fingers. */
const TOUCH_BELOW_PX = 720;

/**
 * Texts that are cut without a `title` that says them in full, that lie over one another, or that stand outside the
 * window; on a phone also what is too small to be hit, but for links inside a text. Where something is open over the page,
 * only that. What scrolls by itself may hide what it holds; what sticks to the window lies over what is below it.
 */
const MISFITS = `(() => {
  const found = new Set();
  const root = document.querySelector("[role=dialog], [role=menu]") ?? document.body;
  const styleOf = (element) => getComputedStyle(element);
  const around = (element) => {
    const all = [];
    for (let at = element; at && at !== root.parentElement; at = at.parentElement) all.push(at);
    return all;
  };
  const isSeen = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    !element.closest("[aria-hidden=true], textarea") &&
    !around(element).some((each) => styleOf(each).clipPath === "inset(50%)");
  const told = (element) => element.textContent.trim().slice(0, 60);

  for (const element of root.querySelectorAll("*")) {
    const { overflowX, overflowY } = styleOf(element);
    const isCut = (axis, length, room, slack) => ["hidden", "clip"].includes(axis) && length > room + slack;
    const { scrollWidth, clientWidth, scrollHeight, clientHeight } = element;
    const isShort =
      isCut(overflowX, scrollWidth, clientWidth, 1) || isCut(overflowY, scrollHeight, clientHeight, ${SLACK_PX});
    const isTold = element.closest("[title]") || element.querySelector("[title]");
    if (isShort && told(element) && !isTold && isSeen(element)) found.add("cut: " + told(element));
  }

  const controls = innerWidth < ${TOUCH_BELOW_PX} ? root.querySelectorAll("a, button, input, select, summary") : [];
  for (const element of controls) {
    const { width, height } = (element.closest("label") ?? element).getBoundingClientRect();
    const isInText = styleOf(element).display === "inline" && told(element.parentElement) !== told(element);
    if (width > 0 && Math.min(width, height) < ${TARGET_PX} && !isInText && isSeen(element))
      found.add("small: " + (told(element) || element.getAttribute("aria-label")));
  }

  const boxes = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !isSeen(element)) continue;
    const holders = around(element);
    if (holders.some((each) => each !== root && ["sticky", "fixed"].includes(styleOf(each).position))) continue;
    const rooms = holders
      .filter((each) => styleOf(each).overflowX !== "visible" || styleOf(each).overflowY !== "visible")
      .map((each) => each.getBoundingClientRect());
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const rect of range.getClientRects()) {
      const left = Math.max(rect.left, ...rooms.map((room) => room.left));
      const right = Math.min(rect.right, ...rooms.map((room) => room.right));
      const top = Math.max(rect.top, ...rooms.map((room) => room.top));
      const bottom = Math.min(rect.bottom, ...rooms.map((room) => room.bottom));
      if (right - left < 1 || bottom - top < 1) continue;
      if (right > innerWidth + 1 || (left < -1 && right > 0)) found.add("outside: " + told(element));
      for (const other of boxes) {
        const isOver =
          other.node !== node &&
          Math.min(right, other.right) - Math.max(left, other.left) > 1 &&
          Math.min(bottom, other.bottom) - Math.max(top, other.top) > ${SLACK_PX};
        if (isOver) found.add("over one another: " + other.text + " | " + told(element));
      }
      boxes.push({ node, left, right, top, bottom, text: told(element) });
    }
  }
  return [...found];
})()`;

/** What one can't read of a page, because of how it is laid out. */
export async function misfits(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(MISFITS);
}
