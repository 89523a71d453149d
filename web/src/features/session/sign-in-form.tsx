import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Problem } from "../../app/send.ts";
import { Button } from "../../ui/button.tsx";
import { ProblemNote } from "../../ui/problem.tsx";

/** Asks for a key; `error` is what came of the last one. */
export function SignInForm(props: {
  error: Error | null;
  isPending: boolean;
  onKey: (key: string) => void;
}) {
  const { t } = useTranslation();
  const id = useId();
  const [key, setKey] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (key.trim() !== "" && !props.isPending) props.onKey(key.trim());
  };
  return (
    <form onSubmit={submit}>
      <label className="text-xs text-ink-2 block mb-1" htmlFor={id}>
        {t("sign_in.key")}
      </label>
      <input
        id={id}
        className="field mono"
        type="password"
        autoComplete="current-password"
        placeholder="awp_…"
        spellCheck={false}
        required
        value={key}
        aria-invalid={props.error instanceof Problem && !props.error.isConnection}
        onChange={(event) => setKey(event.target.value)}
      />
      {props.error && <ProblemNote error={props.error} />}
      <Button type="submit" tone="ink" className="mt-3 w-full" aria-disabled={props.isPending}>
        {props.isPending ? t("sign_in.sending") : t("sign_in.send")}
      </Button>
    </form>
  );
}
