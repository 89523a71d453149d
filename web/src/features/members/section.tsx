import type { ReactNode } from "react";
import { useSession } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { Button } from "../../ui/button.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Older } from "../../ui/lists.tsx";
import { Bones, ProblemNote } from "../../ui/problem.tsx";

interface Pages {
  isPending: boolean;
  isError: boolean;
  error: Error | null;
  refetch(): unknown;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  isFetchNextPageError: boolean;
  fetchNextPage(): unknown;
}

/** Administrators change who may do what. */
export const useMayAdminister = (): boolean => useSession()?.role === "admin";

/** One list of the page: what it is for, what can be made, and its rows or why there are none. */
export function Section(props: {
  why: string;
  make: string;
  onMake: () => void;
  mayMake: boolean;
  pages: Pages;
  isEmpty: boolean;
  empty: { title: string; why: string };
  children: ReactNode;
}) {
  const { t } = useWords();
  const { pages } = props;
  return (
    <>
      <div className="sec py-2 max-sm:flex-wrap">
        <p className="text-ink-2 max-w-[92ch]">{props.why}</p>
        {props.mayMake && (
          <span className="ml-auto">
            <Button tone="ink" size="small" onClick={props.onMake}>
              {props.make}
            </Button>
          </span>
        )}
      </div>
      {pages.isPending && <Bones head rows={8} label={t("common.loading")} />}
      {pages.isError && pages.error && (
        <ProblemNote error={pages.error} onRetry={() => pages.refetch()} />
      )}
      {!pages.isPending && !pages.isError && props.isEmpty && <Empty {...props.empty} />}
      {!props.isEmpty && props.children}
      <Older pages={pages} label={t("members.more")} />
    </>
  );
}
