import { useTranslation } from "react-i18next";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { usePages } from "./pages.ts";

function useGroups() {
  const { t } = useTranslation();
  const pages = usePages();
  return [
    {
      title: t("keys.everywhere"),
      keys: [
        ...pages.flatMap((page) =>
          page.key
            ? [[`g ${page.key}`, t("keys.go", { page: t(`nav.pages.${page.label}`) })] as const]
            : [],
        ),
        ["⌘K Ctrl+K", t("palette.title")],
        ["?", t("keys.help")],
      ],
    },
    {
      title: t("keys.lists"),
      keys: [
        ["j k", t("keys.next_previous")],
        ["↵", t("keys.open")],
        ["/", t("keys.search")],
        ["f", t("keys.filter")],
        ["n", t("keys.newer")],
        ["x", t("keys.mark_run")],
        ["J K", t("keys.neighbours")],
      ],
    },
    {
      title: t("keys.question"),
      keys: [
        ["a", t("keys.approve")],
        ["r", t("keys.reject")],
        ["c", t("keys.request_changes")],
        ["e", t("keys.edit")],
        ["x", t("keys.mark")],
        ["o", t("keys.open_run")],
        ["v", t("keys.raw")],
        ["Esc", t("keys.back")],
      ],
    },
  ];
}

export function KeysHelp(props: { onClose: () => void }) {
  const { t } = useTranslation();
  const groups = useGroups();
  return (
    <Dialog title={t("keys.title")} onClose={props.onClose}>
      {groups.map((group) => (
        <section key={group.title} className="mt-3">
          <h3>{group.title}</h3>
          <dl className="kv keys mt-1">
            {group.keys.map(([keys, what]) => (
              <div key={keys} className="contents">
                <dt className="line gap-1">
                  {keys?.split(" ").map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
      <p className="text-ink-3 text-xs mt-3">{t("keys.note")}</p>
      <div className="foot">
        <Button onClick={props.onClose}>{t("common.close")}</Button>
      </div>
    </Dialog>
  );
}
