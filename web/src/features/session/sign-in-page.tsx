import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouter, useSearch } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../app/client.ts";
import { ownPath } from "../../app/own-path.ts";
import { sessionQuery } from "../../app/queries.ts";
import { noteSignedOut } from "../../app/signed-out.ts";
import { usePageTitle } from "../../app/title.ts";
import { Pips } from "../../ui/pips.tsx";
import { SignInForm } from "./sign-in-form.tsx";

interface SignInLink {
  key: string;
  to: string | undefined;
}

/**
 * Reads a sign-in link, `#key=awp_…` and perhaps `&to=/runs/…`, and takes it out of the address bar and
 * the history: a key must not be left where the next person scrolls.
 */
function takeLinkFromAddress(): SignInLink | null {
  const link = new URLSearchParams(window.location.hash.slice(1));
  const key = link.get("key");
  if (key === null) return null;
  const { pathname, search } = window.location;
  window.history.replaceState(window.history.state, "", pathname + search);
  return { key, to: ownPath(link.get("to")) };
}

function useSignIn() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const router = useRouter();
  const { next } = useSearch({ from: "/sign-in" });
  return useMutation({
    mutationFn: ({ key }: SignInLink) => api.signIn(key.trim()),
    onSuccess: async (session, { to }) => {
      client.clear();
      noteSignedOut(false);
      client.setQueryData(sessionQuery.queryKey, session);
      const target = to ?? next;
      if (target) router.history.replace(target);
      else await navigate({ to: "/", replace: true });
    },
  });
}

export function SignInPage() {
  const { t } = useTranslation();
  usePageTitle(t("sign_in.title"));
  const signIn = useSignIn();
  const taken = useRef(false);
  useEffect(() => {
    const take = () => {
      const link = takeLinkFromAddress();
      if (link) signIn.mutate(link);
    };
    if (!taken.current) take();
    taken.current = true;
    // A second link, opened where a first one failed, changes only the fragment.
    window.addEventListener("hashchange", take);
    return () => window.removeEventListener("hashchange", take);
  });
  return (
    <main id="main" className="alone">
      <div>
        <div className="line mb-6">
          <Pips marks={["pass", "pass", "pass", "pass", "ask"]} />
          <b className="text-md">AwoooP</b>
        </div>
        <h1>{t("sign_in.title")}</h1>
        <p className="text-ink-2 mt-1 mb-4">{t("sign_in.how")}</p>
        <SignInForm
          error={signIn.error}
          isPending={signIn.isPending}
          onKey={(key) => signIn.mutate({ key, to: undefined })}
        />
        <p className="text-ink-3 text-xs mt-4">{t("sign_in.first")}</p>
      </div>
    </main>
  );
}
