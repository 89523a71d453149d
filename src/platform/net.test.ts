import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { guardedConnection, isAllowedHost, isPrivateAddress } from "./net.ts";

describe("addresses that are not public", () => {
  it.each([
    ..."0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255".split(
      " ",
    ),
    ..."192.0.0.192 192.168.1.1 198.18.0.1 224.0.0.1 255.255.255.255 100.100.100.200 168.63.129.16".split(
      " ",
    ),
    ..."::  ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1 ::ffff:a9fe:a9fe".split(
      / +/,
    ),
    ..."64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1::1".split(
      " ",
    ),
    ..."3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 febf::1 fec0::1 ff02::1 4000::1".split(
      " ",
    ),
    ..."[::1] [fd00::1] localhost example.com 1.2.3 0x7f000001".split(" "),
    "",
  ])("%s", (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  it.each(
    "1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.0 172.15.0.1 172.32.0.1 192.0.1.1 169.253.0.1 2606:4700::1111 2a00:1450::8".split(
      " ",
    ),
  )("do not include %s", (address) => {
    expect(isPrivateAddress(address)).toBe(false);
  });
});

describe("a host that the operator allowed", () => {
  it.each([
    ["http://tools.internal:8080/x", "tools.internal", true],
    ["http://TOOLS.internal/x", "tools.Internal", true],
    ["http://tools.internal:8080/x", "tools.internal:8080", true],
    ["http://tools.internal:8081/x", "tools.internal:8080", false],
    ["http://tools.internal.evil.example/x", "tools.internal", false],
    ["http://tools.internal./x", "tools.internal", false],
    ["https://tools.internal/x", "tools.internal:443", true],
    ["http://127.1/x", "127.0.0.1", true],
    ["http://[::1]/x", "::1", true],
  ])("%s by %s: %s", (url, entry, expected) => {
    expect(isAllowedHost(new URL(url), [entry])).toBe(expected);
  });
});

const refuse = (host: string) => new Error(`refused ${host}`);

describe("a guarded connection", () => {
  it.each([
    "http://127.0.0.1/",
    "http://0x7f.1/",
    "http://017700000001/",
    "http://2130706433/",
    "http://[::ffff:169.254.169.254]/",
    "http://[64:ff9b::169.254.169.254]/",
    "http://[fe80::1]/",
    "http://169.254.169.254/latest/meta-data/",
  ])("to %s is refused before a name is asked for", (url) => {
    expect(() => guardedConnection(new URL(url), [], refuse)).toThrow("refused");
  });

  it("goes to the very addresses that were checked, and to none where one of them is private", async () => {
    const { lookup } = guardedConnection(new URL("http://localhost/"), ["other.example"], refuse);
    const { promise, resolve } = Promise.withResolvers<unknown>();
    lookup?.("localhost", { all: true }, (error, addresses) => resolve(error ?? addresses));
    expect(await promise).toEqual(refuse("localhost"));
  });

  it("refuses a name that leads here when the request is on its way", async () => {
    const server = createServer((_request, response) => response.end()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const url = new URL(`http://localhost:${port}/`);
    const outcome = async (allowed: string[]) => {
      const asked = request(url, { ...guardedConnection(url, allowed, refuse) }).end();
      const { promise, resolve } = Promise.withResolvers<unknown>();
      asked.once("error", (error) => resolve(error.message));
      asked.once("response", (response) => resolve(response.resume().statusCode));
      return promise;
    };
    expect(await outcome([])).toBe("refused localhost");
    expect(await outcome(["localhost"])).toBe(200);
    server.close();
  });
});
