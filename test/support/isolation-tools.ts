import { type EndpointCase, get, post } from "./isolation-shapes.ts";

/** The operations on tools that are no longer what was pinned. */
export const TOOL_REVIEWS: Record<string, EndpointCase> = {
  "GET /tool-reviews": {
    as: "viewer",
    works: 200,
    list: { items: "reviews" },
    reach: ({ project }) => [get(`/tool-reviews?project_id=${project}`)],
  },
  "POST /tool-servers/{server_id}/tools/{tool_name}/review": {
    as: "admin",
    works: 200,
    reach: ({ project, tool, toolHash }, own) =>
      [project, own.projectId].map((project_id) =>
        post(`/tool-servers/tools/tools/${tool}/review`, {
          project_id,
          decision: "keep",
          changed_hash: toolHash,
        }),
      ),
  },
};
