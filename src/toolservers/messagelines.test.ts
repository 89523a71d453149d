import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MessageLines } from "./messagelines.ts";

describe("lines out of pieces", () => {
  it("are the same however the bytes were cut", () => {
    const texts = fc.array(
      fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\n", "")),
    );
    fc.assert(
      fc.property(texts, fc.array(fc.integer({ min: 1, max: 9 })), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
        const reader = new MessageLines(1000);
        const seen: string[] = [];
        for (let at = 0, nth = 0; at < bytes.length; nth++) {
          const size = cuts[nth] ?? bytes.length;
          const fits = reader.push(bytes.subarray(at, at + size), (line) => seen.push(line) > 0);
          expect(fits).toBe(true);
          at += size;
        }
        expect(seen).toEqual(lines.map((line) => line.toWellFormed()));
      }),
    );
  });

  it("may be so long and no longer, in one piece or many", () => {
    const none = () => true;
    expect(new MessageLines(8).push(Buffer.from("12345678\n"), none)).toBe(true);
    expect(new MessageLines(8).push(Buffer.from("123456789\n"), none)).toBe(false);
    const reader = new MessageLines(8);
    expect(reader.push(Buffer.from("12345"), none)).toBe(true);
    expect(reader.push(Buffer.from("6789"), none)).toBe(false);
  });

  it("end where nothing more is wanted", () => {
    const seen: string[] = [];
    new MessageLines(8).push(Buffer.from("a\nb\nc\n"), (line) => seen.push(line) < 2);
    expect(seen).toEqual(["a", "b"]);
  });
});
