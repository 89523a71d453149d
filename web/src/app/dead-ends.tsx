import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { ProblemNote } from "../ui/problem.tsx";
import { usePageTitle } from "./title.ts";

export function NotFoundPage() {
  const { t } = useTranslation();
  usePageTitle(t("not_found.title"));
  return (
    <main id="main" className="alone">
      <div>
        <h1>{t("not_found.title")}</h1>
        <p className="text-ink-2 my-2">{t("not_found.why")}</p>
        <Link to="/runs">{t("not_found.back")}</Link>
      </div>
    </main>
  );
}

const errorOf = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(String(thrown));

/** The server can't be reached at the start, or the console itself failed. */
export function CrashPage(props: ErrorComponentProps) {
  const { t } = useTranslation();
  usePageTitle(t("problem.unexpected"));
  return (
    <main id="main" className="alone">
      <div>
        <h1 className="sr-only">{t("problem.unexpected")}</h1>
        <ProblemNote error={errorOf(props.error)} onRetry={() => window.location.reload()} />
      </div>
    </main>
  );
}
