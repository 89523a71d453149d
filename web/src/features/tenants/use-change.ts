import { useMutation, useQueryClient } from "@tanstack/react-query";
import { announce } from "../../ui/announce.tsx";
import { changeTenant, type TenantPatch } from "./queries.ts";

/** Changes a project and says so; what shows it is fetched anew. */
export function useChange(projectId: string, said: string, onDone: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (patch: TenantPatch) => changeTenant(projectId, patch),
    onSuccess: async () => {
      announce(said);
      onDone();
      await Promise.all([
        client.invalidateQueries({ queryKey: ["tenants"] }),
        client.invalidateQueries({ queryKey: ["session"] }),
      ]);
    },
  });
}
