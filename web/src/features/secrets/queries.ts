import { queryOptions } from "@tanstack/react-query";
import type { z } from "zod";
import type { secretListSchema, secretSchema } from "../../../../src/secrets/contract.ts";
import { send } from "../../app/send.ts";

export type Secret = z.infer<typeof secretSchema>;
type SecretList = z.infer<typeof secretListSchema>;

const MOST_LISTED = 200;

export const secretsQuery = (projectId: string) =>
  queryOptions({
    queryKey: ["secrets", projectId],
    queryFn: ({ signal }) =>
      send<SecretList>("/secrets", {
        query: { project_id: projectId, limit: MOST_LISTED },
        signal,
      }),
  });

export const setSecret = (projectId: string, name: string, value: string) =>
  send<Secret>(`/secrets/${encodeURIComponent(name)}`, {
    method: "PUT",
    body: { project_id: projectId, value },
  });

export const deleteSecret = (projectId: string, name: string) =>
  send<void>(`/secrets/${encodeURIComponent(name)}`, {
    method: "DELETE",
    query: { project_id: projectId },
  });
