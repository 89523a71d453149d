import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chatButtons, mayApproveInChat } from "./chat-buttons.ts";
import { shortIds } from "./chat-commands.ts";
import { createChatRate } from "./chat-rate.ts";
import { type ButtonSubject, createChatTags, readTag } from "./chat-tags.ts";

const tags = createChatTags(new Uint8Array(32).fill(7));
const others = createChatTags(new Uint8Array(32).fill(8));
const from = { userId: "1", chatId: "2" };

const decision = fc.constantFrom("approve" as const, "reject" as const, "request_changes" as const);
const subject = fc.record<ButtonSubject>({
  projectId: fc.constantFrom("acme", "bravo"),
  channelId: fc.constantFrom("ops", "dev"),
  messageId: fc.uuid(),
  approvalId: fc.uuid(),
  argsHash: fc.stringMatching(/^[0-9a-f]{64}$/),
});

/** Whether a text is taken for something that was given out about a message. */
function isTaken(text: string, of: ButtonSubject, by = from): boolean {
  const tag = readTag(text);
  return tag !== undefined && tags.isIssued(tag, of, by);
}

describe("what a button carries", () => {
  it("comes back as it went out, in the 64 bytes there are", () => {
    fc.assert(
      fc.property(subject, decision, (of, what) => {
        for (const [kind, text] of [
          ["button", tags.button(of, what)],
          ["ask", tags.ask(of, what, from)],
        ] as const) {
          expect(text).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
          expect(readTag(text)).toEqual({ text, kind, decision: what, messageId: of.messageId });
          expect(isTaken(text, of)).toBe(true);
        }
      }),
    );
  });

  it("is nothing but what was given out, whatever comes", () => {
    const of = fc.sample(subject, { numRuns: 1, seed: 1 })[0] as ButtonSubject;
    const issued = (["approve", "reject", "request_changes"] as const).flatMap((what) => [
      tags.button(of, what),
      tags.ask(of, what, from),
    ]);
    const near = fc
      .tuple(fc.constantFrom(...issued), fc.nat(44), fc.stringMatching(/^[A-Za-z0-9_-]$/))
      .map(([text, at, sign]) => text.slice(0, at) + sign + text.slice(at + 1));
    const any = fc.oneof(fc.string(), fc.string({ unit: "binary", maxLength: 64 }), near);
    fc.assert(
      fc.property(any, (text) => {
        expect(isTaken(text, of)).toBe(issued.includes(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it("holds for nothing else than it was made for", () => {
    fc.assert(
      fc.property(subject, subject, decision, (of, other, what) => {
        fc.pre(JSON.stringify(of) !== JSON.stringify(other));
        for (const field of Object.keys(of) as (keyof ButtonSubject)[]) {
          if (of[field] === other[field]) continue;
          expect(isTaken(tags.button(of, what), { ...of, [field]: other[field] })).toBe(false);
        }
        expect(isTaken(others.button(of, what), of)).toBe(false);
        const ask = tags.ask(of, what, from);
        expect(isTaken(ask, of, { ...from, userId: "3" })).toBe(false);
        expect(isTaken(ask, of, { ...from, chatId: "3" })).toBe(false);
      }),
    );
  });
});

describe("approving in a chat", () => {
  it.each([
    [undefined, true, true],
    [undefined, false, false],
    [{ undoable: true }, true, true],
    [{ undoable: false }, true, false],
    [{ undoable: false, chat: "allow" }, true, true],
    [{ undoable: false, chat: "allow" }, false, false],
    [{ chat: "console_only" }, true, false],
  ] as const)("with %j, shown whole: %j: %j", (ask, isWhole, may) => {
    expect(mayApproveInChat(ask, isWhole)).toBe(may);
  });

  it("is no button where it may not be: one opens the console instead", () => {
    const of = fc.sample(subject, { numRuns: 1, seed: 2 })[0] as ButtonSubject;
    const link = "https://awooop.example/runs/acme/1";
    const say = (mayApprove: boolean, language: "en" | "zh-TW") =>
      chatButtons(tags, of, { mayApprove, language, link });
    expect(say(true, "en").map(({ label }) => label)).toEqual([
      "Approve",
      "Reject",
      "Request changes",
      "Open in console",
    ]);
    const only = say(false, "zh-TW");
    expect(only[0]).toEqual({ label: "到主控台核准", url: link });
    expect(
      only.map((button) => ("data" in button ? readTag(button.data)?.decision : null)),
    ).toEqual([null, "reject", "request_changes"]);
  });
});

it("short ids tell runs apart", () => {
  const ids = ["018f0000-0000-7000-8000-000000000001", "018f0000-0000-7000-8000-0000000000f1"];
  expect([...shortIds(ids).values()]).toEqual(ids.map((id) => id.slice(0, 35)));
  expect([...shortIds([ids[0] ?? ""]).values()]).toEqual(["018f0000-0000"]);
});

it("counts what somebody does, until the window has passed", () => {
  let now = 0;
  const rate = createChatRate(2, 1_000, () => now);
  for (const wait of [0, 0, 1]) {
    expect(rate.wait("ada")).toBe(wait);
    rate.count("ada");
  }
  expect(rate.wait("bob")).toBe(0);
  now = 1_000;
  expect(rate.wait("ada")).toBe(0);
  rate.count("ada");
  expect(rate.wait("ada")).toBe(0);
});
