import { describe, expect, it } from "vitest";
import { moment, oneLine, table } from "./table.ts";

describe("a table", () => {
  it("lines its columns up, also under wide characters", () => {
    const rows = [
      { name: "磁碟清理", count: 7 },
      { name: "disk", count: null },
    ];
    const text = table(
      rows,
      [
        ["name", (row) => row.name],
        ["count", (row) => row.count],
      ],
      "",
    );
    expect(text).toBe("NAME      COUNT\n磁碟清理  7\ndisk      –");
  });

  it("says when there is nothing", () => {
    expect(table([], [["a", () => ""]], "Nothing here.")).toBe("Nothing here.");
  });
});

describe("a text from elsewhere", () => {
  it("can't move the cursor, colour the screen or turn the writing around", () => {
    const text = "ok\u001b[2J\u001b]0;x\u0007\r\nfake \u202egnitirw\u2066 end\u0000";
    expect(oneLine(text)).toBe("ok[2J]0;x fake gnitirw end");
  });

  it("keeps letters of every language", () => {
    expect(oneLine(" 要刪除 é ü \n ok? ")).toBe("要刪除 é ü ok?");
  });
});

describe("a time", () => {
  it("is cut to the second", () => {
    expect(moment("2026-11-22T03:07:58.123456Z")).toBe("2026-11-22 03:07:58");
    expect(moment(null)).toBeNull();
  });
});
