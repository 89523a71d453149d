import { useRouter } from "@tanstack/react-router";
import { useMemo } from "react";
import type { GlyphName } from "../ui/glyphs.tsx";

/** A page that the navigation leads to; `key` is the one after `g`. */
export interface Page {
  to: string;
  label: "overview" | "runs" | "approvals" | "contracts" | "tool_servers" | "channels" | Rest;
  glyph: GlyphName;
  key?: string;
  /** The first of its group, under a line. */
  opens?: true;
}
type Rest = "channel_events" | "tenants" | "members" | "audit_log";

const PAGES: readonly Page[] = [
  { to: "/", label: "overview", glyph: "overview", key: "o" },
  { to: "/runs", label: "runs", glyph: "runs", key: "r" },
  { to: "/approvals", label: "approvals", glyph: "approvals", key: "a" },
  { to: "/contracts", label: "contracts", glyph: "contracts", key: "c", opens: true },
  { to: "/tool-servers", label: "tool_servers", glyph: "tools", key: "t" },
  { to: "/channels", label: "channels", glyph: "channels" },
  { to: "/channel-events", label: "channel_events", glyph: "events" },
  { to: "/tenants", label: "tenants", glyph: "tenants", opens: true },
  { to: "/members", label: "members", glyph: "members" },
  { to: "/audit-log", label: "audit_log", glyph: "audit" },
];

/** The pages that there are, in the order of the navigation. */
export function usePages(): readonly Page[] {
  const routes = useRouter().routesByPath;
  return useMemo(() => PAGES.filter((page) => page.to in routes), [routes]);
}
