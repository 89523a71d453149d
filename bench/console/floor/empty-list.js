// The floor: the console's own virtual list with as many rows, all of them empty, and a field that does nothing.
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { createElement } from "react";
import { createRoot } from "react-dom/client";

const count = Number(new URLSearchParams(window.location.search).get("rows"));

function EmptyList() {
  const virtual = useWindowVirtualizer({
    count,
    estimateSize: () => 32,
    overscan: 12,
    useFlushSync: false,
  });
  const items = virtual.getVirtualItems();
  return createElement(
    "main",
    null,
    createElement("input", { type: "search", "aria-label": "Search" }),
    createElement(
      "div",
      { style: { height: virtual.getTotalSize(), paddingTop: items[0]?.start ?? 0 } },
      items.map(({ index }) => createElement("div", { key: index, className: "row" })),
    ),
  );
}

createRoot(document.getElementById("root")).render(createElement(EmptyList));
