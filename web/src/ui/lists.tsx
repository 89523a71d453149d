import { type ReactNode, useRef } from "react";
import { useWords } from "../app/words.ts";
import { Button } from "./button.tsx";
import { cx } from "./cx.ts";
import { ProblemNote } from "./problem.tsx";
import { useRowKeys } from "./row-keys.ts";

/** A list's title, how many it has, and what can be made. */
export function ListHead(props: {
  title: string;
  total: { total: number; total_is_exact: boolean } | undefined;
  children?: ReactNode;
}) {
  const { t, number } = useWords();
  const { total } = props;
  return (
    <div className="head items-center min-h-[34px] mb-2 sm:mb-0">
      <h1>{props.title}</h1>
      {total && (
        <span className="text-ink-3 num">
          {total.total_is_exact
            ? t("lists.total", { total: number(total.total) })
            : t("lists.about", { total: number(total.total) })}
        </span>
      )}
      <span className="flex-1" />
      {props.children}
    </div>
  );
}

/** A column's head; `minor` columns go where there is no room, numbers stand to the right. */
interface Head {
  label: string;
  isMinor?: boolean;
  isNumber?: boolean;
}

/** A table of rows, whose links `a.what` j and k walk through. */
export function ListTable(props: {
  caption: string;
  heads: readonly (Head | false)[];
  /** Off for figures beside another table, which j and k would otherwise not reach. */
  isWalked?: boolean;
  children: ReactNode;
}) {
  const list = useRef<HTMLTableElement>(null);
  useRowKeys(list, props.isWalked);
  return (
    <table className="rows" ref={list}>
      <caption className="sr-only">{props.caption}</caption>
      <thead>
        <tr>
          {props.heads.map(
            (head) =>
              head && (
                <th
                  key={head.label}
                  scope="col"
                  className={cx(head.isMinor && "minor", head.isNumber && "n")}
                >
                  {head.label}
                </th>
              ),
          )}
        </tr>
      </thead>
      <tbody>{props.children}</tbody>
    </table>
  );
}

interface Pages {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  isFetchNextPageError: boolean;
  error: Error | null;
  fetchNextPage(): unknown;
}

/** The next page of a list, where there is one. */
export function Older(props: { pages: Pages; label: string }) {
  const { t } = useWords();
  const { pages } = props;
  if (!pages.hasNextPage) return null;
  return (
    <div className="flex flex-col items-center py-4">
      {pages.isFetchNextPageError && pages.error && <ProblemNote error={pages.error} />}
      <Button onClick={() => pages.fetchNextPage()} aria-disabled={pages.isFetchingNextPage}>
        {pages.isFetchingNextPage ? t("common.loading") : props.label}
      </Button>
    </div>
  );
}
