import { describe, expect, it } from "vitest";
import { isAllowedHost, isPrivateAddress } from "./net.ts";

describe("isPrivateAddress", () => {
  it.each([
    "127.0.0.1",
    "127.255.255.254",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "[::1]",
    "fe80::1%eth0",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "not an address",
    "",
  ])("%s is private", (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  it.each([
    "1.1.1.1",
    "8.8.8.8",
    "172.15.0.1",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
  ])("%s is public", (address) => {
    expect(isPrivateAddress(address)).toBe(false);
  });
});

describe("isAllowedHost", () => {
  const allowed = (url: string, ...hosts: string[]) => isAllowedHost(new URL(url), hosts);

  it("compares the host, and the port where the entry names one", () => {
    expect(allowed("http://tools.internal/mcp", "Tools.Internal")).toBe(true);
    expect(allowed("http://localhost:9000/", "localhost:9000")).toBe(true);
    expect(allowed("https://localhost/", "localhost:443")).toBe(true);
    expect(allowed("http://[::1]:80/", "::1")).toBe(true);
    expect(allowed("http://[::1]:81/", "[::1]:81")).toBe(true);
  });

  it("does not let one host in for another", () => {
    expect(allowed("http://localhost:9001/", "localhost:9000")).toBe(false);
    expect(allowed("http://evil-tools.internal/", "tools.internal")).toBe(false);
    expect(allowed("http://tools.internal.evil.example/", "tools.internal")).toBe(false);
    expect(allowed("http://a/")).toBe(false);
  });
});
