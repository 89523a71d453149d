import { describe, expect, it } from "vitest";
import { createSealer } from "../platform/sealing.ts";
import { LAST_LEG, legMs, openState, sealState, type WaitState } from "./legs.ts";

const state: WaitState = {
  kind: "wait",
  keyId: "alice",
  runId: "run",
  callId: "call",
  approvalId: "approval",
  expiresAt: "2030-01-01T00:00:00Z",
  callHash: "hash",
  leg: 1,
};

describe("legMs", () => {
  it("starts with the key's patience and grows to 20 s", () => {
    const legs = Array.from({ length: LAST_LEG }, (_, n) => legMs(4, n + 1));
    expect(legs).toEqual([4000, 8000, 16_000, 20_000, 20_000, 20_000, 20_000, 20_000, 20_000]);
  });

  it("never holds a patient key for less than it allows, and an impatient one not at all", () => {
    expect([legMs(45, 1), legMs(45, 9)]).toEqual([45_000, 45_000]);
    expect([legMs(0, 1), legMs(0, 9)]).toEqual([0, 0]);
  });

  it("holds nobody for longer than requests may be held at all", () => {
    expect([legMs(4, 1, 5_000), legMs(4, 2, 5_000), legMs(45, 9, 5_000)]).toEqual([
      4000, 5000, 5000,
    ]);
  });
});

describe("a sealed state", () => {
  const sealer = createSealer(["one secret of enough length"]);
  const sealed = sealState(sealer, state);
  const expected = { keyId: "alice", callHash: "hash" };

  it("comes back as it was, unreadable on the way", () => {
    expect(openState(sealer, sealed, expected)).toEqual(state);
    expect(Buffer.from(sealed, "base64url").toString("latin1")).not.toContain("approval");
  });

  it("is refused for another key, another call, from another secret, and changed anywhere", () => {
    expect(openState(sealer, sealed, { ...expected, keyId: "bob" })).toBeUndefined();
    expect(openState(sealer, sealed, { ...expected, callHash: "other" })).toBeUndefined();
    expect(
      openState(createSealer(["another secret, long enough"]), sealed, expected),
    ).toBeUndefined();
    const bytes = Buffer.from(sealed, "base64url");
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(openState(sealer, changed.toString("base64url"), expected)).toBeUndefined();
    }
  });

  it("is refused when something else was sealed for another purpose", () => {
    const box = sealer.seal(JSON.stringify(state), "secrets").toString("base64url");
    expect(openState(sealer, box, expected)).toBeUndefined();
  });
});
