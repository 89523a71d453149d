import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../app/client.ts";
import { reconnectNow } from "../../app/live.ts";
import { sessionQuery } from "../../app/queries.ts";
import { noteSignedOut } from "../../app/signed-out.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { SignInForm } from "./sign-in-form.tsx";

/** Over a page whose session has ended: what was typed there is kept. */
export function SignInAgain() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const signIn = useMutation({
    mutationFn: api.signIn,
    onSuccess: async (session) => {
      const before = client.getQueryData(sessionQuery.queryKey);
      // Somebody else gets a page of their own: nothing of what the first one saw may stay on it.
      if (before?.actor.id !== session.actor.id) return window.location.reload();
      client.setQueryData(sessionQuery.queryKey, session);
      noteSignedOut(false);
      reconnectNow();
      await client.invalidateQueries();
    },
  });
  return (
    <Dialog title={t("sign_in.over")} onClose={() => undefined}>
      <p className="text-ink-2 mb-3">{t("sign_in.over_why")}</p>
      <SignInForm error={signIn.error} isPending={signIn.isPending} onKey={signIn.mutate} />
    </Dialog>
  );
}
