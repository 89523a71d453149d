import type { Page } from "playwright-core";

/** What a ring around the focused element lacks; nothing when it is there and in view. */
const LACKING = `(() => {
  const focused = document.activeElement;
  if (focused === document.body) return "the focus is nowhere";
  const { top, bottom, width } = focused.getBoundingClientRect();
  const isInView = width > 0 && bottom > 0 && top < innerHeight;
  // The field of a search has its ring around the glyph as well, the editor around the numbers of its lines.
  const isRinged = [focused, focused.closest("label, .editor")].some((each) => {
    const { outlineStyle, outlineWidth } = each ? getComputedStyle(each) : {};
    return each && outlineStyle !== "none" && outlineWidth !== "0px";
  });
  return isInView && isRinged ? "" : focused.outerHTML.slice(0, 200);
})()`;

/** What keeps a person from seeing where the focus is: the element, or that there is none; an empty text when nothing does. */
export const unseenFocus = (page: Page): Promise<string> => page.evaluate<string>(LACKING);
