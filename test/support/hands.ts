import type { Locator, Page } from "playwright-core";
import { unseenFocus } from "./focus.ts";
import { waitFor } from "./wait.ts";

/** How a person acts on a page; each keeps to its own means, whatever Playwright could do beside it. */
export interface Hand {
  /** Presses a button, a link or a box to tick. */
  press(target: Locator): Promise<void>;
  /** Writes into a field, in place of what stands there. */
  write(field: Locator, text: string): Promise<void>;
  /** Takes one of a few: of a list of options by its words, else the radio button itself. */
  choose(field: Locator, option?: string): Promise<void>;
  /** Takes one of what a search has found. */
  take(option: Locator): Promise<void>;
  /** Opens the menu of a button and takes what is called so. */
  pick(trigger: Locator, item: string): Promise<void>;
}

export const HANDS = ["mouse", "keyboard"] as const;
export type HandName = (typeof HANDS)[number];

/** The hand that acts on `page`. */
export const handOf = (name: HandName, page: Page): Hand =>
  name === "mouse" ? mouseOn(page) : keyboardOn(page);

const ITEM = "[role=menuitem], [role=menuitemradio], [role=menuitemcheckbox]";

/** What begins so, a pattern; some have more to say beside their name. */
const itemOf = (page: Page, name: string) =>
  page
    .getByRole("menu")
    .locator(ITEM)
    .filter({ hasText: new RegExp(`^${name}`) })
    .first();

function mouseOn(page: Page): Hand {
  return {
    press: (target) => target.click(),
    async write(field, text) {
      await field.click();
      await field.fill(text);
    },
    async choose(field, option) {
      if (option === undefined) await field.click();
      else await field.selectOption({ label: option });
    },
    take: (option) => option.click(),
    async pick(trigger, item) {
      await trigger.click();
      await itemOf(page, item).click();
    },
  };
}

function keyboardOn(page: Page): Hand {
  const { keyboard } = page;
  return {
    async press(target) {
      await isOn(target);
      await tabTo(target);
      await keyboard.press((await target.evaluate(isBox)) ? "Space" : "Enter");
    },
    async write(field, text) {
      await tabTo(field);
      await keyboard.press("Control+a");
      await (text === "" ? keyboard.press("Delete") : keyboard.insertText(text));
    },
    async choose(field, option) {
      if (option === undefined) return arrowTo(field);
      await tabTo(field);
      await arrows(page, () => field.evaluate(says, option), option);
    },
    async take(option) {
      await option.waitFor();
      await arrows(page, () => option.evaluate(isSelected), "the option");
      await keyboard.press("Enter");
    },
    async pick(trigger, item) {
      await tabTo(trigger);
      await keyboard.press("Enter");
      const wanted = itemOf(page, item);
      await wanted.waitFor();
      await arrows(page, () => wanted.evaluate(isFocused), item);
      await keyboard.press("Enter");
    },
  };
}

/** What is there may not be on yet, which a click waits for by itself. */
const isOn = (target: Locator) =>
  waitFor(() => target.isEnabled(), { timeoutMs: 30_000, what: `${target} to be switched on` });

/** What is asked of an element in the page; the tests are typed without the DOM. */
interface Shown {
  type: string;
  checked: boolean;
  selectedOptions: { label: string }[];
  tagName: string;
  id: string;
  ariaLabel: string | null;
  ariaSelected: string | null;
  textContent: string;
  ownerDocument: {
    activeElement: Shown;
    body: Shown;
    querySelectorAll(selector: string): Iterable<Shown>;
  };
  checkVisibility(): boolean;
  compareDocumentPosition(other: Shown): number;
}

const isBox = (element: Shown) => element.type === "checkbox";
const isChosen = (element: Shown) => element.checked;
const isSelected = (element: Shown) => element.ariaSelected === "true";
const isFocused = (element: Shown) => element === element.ownerDocument.activeElement;
const says = (element: Shown, words: string) => element.selectedOptions[0]?.label === words;

/** Tab goes to that one of several radio buttons that is chosen; arrows choose another. */
async function arrowTo(radio: Locator): Promise<void> {
  const page = radio.page();
  const name = await radio.getAttribute("name");
  await tabTo(page.locator(`input[type=radio][name="${name}"]:checked`));
  await arrows(page, () => radio.evaluate(isChosen), "the radio button");
}

const MOST_ARROWS = 40;

/** Down until it is there; lists go round or end, so that up is tried after. */
async function arrows(page: Page, isThere: () => Promise<boolean>, what: string): Promise<void> {
  for (const key of ["ArrowDown", "ArrowUp"]) {
    for (let n = 0; n < MOST_ARROWS; n += 1) {
      if (await isThere()) return;
      await page.keyboard.press(key);
    }
  }
  throw new Error(`No arrow leads to ${what}`);
}

const MOST_TRIES = 60;

/** Which key leads to an element from what has the focus, how often at least, and from what. */
function wayTo(element: Shown) {
  const { activeElement: at, body } = element.ownerDocument;
  const words = at.ariaLabel ?? at.textContent.trim().slice(0, 40);
  const from = [at.tagName.toLowerCase(), at.id, words].filter(Boolean).join(" ");
  if (at === element) return { from };
  const PRECEDING = 2;
  const isBefore = (one: Shown, other: Shown) =>
    (other.compareDocumentPosition(one) & PRECEDING) !== 0;
  const isBehind = at !== body && isBefore(element, at);
  const [first, last] = isBehind ? [element, at] : [at, element];
  const stops =
    "a[href], :is(button, input, select, textarea):not(:disabled, [type=radio]:not(:checked)), summary, [tabindex='0']";
  const between = [...element.ownerDocument.querySelectorAll(stops)].filter(
    (each) => isBefore(first, each) && isBefore(each, last) && each.checkVisibility(),
  );
  // Half of the way, for Tab may pass some of them by.
  const times = 1 + Math.floor(between.length / 2);
  return { key: isBehind ? "Shift+Tab" : "Tab", times, from };
}

/**
 * Presses Tab, or Shift+Tab where it lies before, until the element has the focus, and sees that it has.
 *
 * @throws Error with what had the focus on the way, when it is not reached, or is not seen to be
 */
export async function tabTo(target: Locator): Promise<void> {
  const page = target.page();
  await target.waitFor();
  const passed: string[] = [];
  let first: string | undefined;
  while (passed.length < MOST_TRIES) {
    const { key, times = 1, from } = await target.evaluate(wayTo);
    if (key === undefined) {
      const lacking = await unseenFocus(page);
      if (lacking !== "") throw new Error(`One does not see that this has the focus: ${lacking}`);
      return;
    }
    passed.push(from);
    // Once past it, there is no use in going back.
    first ??= key;
    if (key !== first) break;
    for (let n = 0; n < times; n += 1) await page.keyboard.press(key);
  }
  throw new Error(`Tab does not lead to ${target}: it passed ${passed.join(" → ")}`);
}
