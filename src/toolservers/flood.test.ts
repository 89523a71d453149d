import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { FloodGuard, readSlowly } from "./flood.ts";

describe("a flood", () => {
  it("is what comes faster than the guard forgets", () => {
    const guard = new FloodGuard(0);
    const allowed = (now: number) => {
      let count = 0;
      while (count < 10_000 && guard.allows(1, now)) count += 1;
      return count;
    };
    expect(allowed(0)).toBe(2000);
    expect(allowed(1000)).toBe(999);
    expect(allowed(1_000_000)).toBe(2000);
  });

  it("is read bit by bit, and whole", async () => {
    const stream = new PassThrough({ highWaterMark: 1024 });
    let bytes = 0;
    let pauses = 0;
    stream.on("pause", () => {
      pauses += 1;
    });
    readSlowly(stream, 10_000, (chunk) => {
      bytes += chunk.length;
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    stream.once("end", resolve);
    for (let n = 0; n < 40; n++) stream.write(Buffer.alloc(1000));
    stream.end();
    await promise;
    expect([bytes, pauses >= 3]).toEqual([40_000, true]);
  });
});
