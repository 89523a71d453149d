import { useNavigate, useSearch } from "@tanstack/react-router";
import { usePageTitle } from "../../app/title.ts";
import { useWords } from "../../app/words.ts";
import { Segment } from "../../ui/marks.tsx";
import { Chats } from "./chats.tsx";
import { Delegations } from "./delegations.tsx";
import { Keys } from "./keys.tsx";
import { OAuthClients } from "./oauth-clients.tsx";
import { People } from "./people.tsx";
import { TABS, type Tab } from "./tabs.ts";

const SECTIONS: Record<Tab, () => React.ReactNode> = {
  people: People,
  delegations: Delegations,
  chats: Chats,
  keys: Keys,
  oauth: OAuthClients,
};

/** Who may do what here: people, what they lend each other, and the keys and clients that act for them. */
export function MembersPage() {
  const { t } = useWords();
  const { tab = "people" } = useSearch({ from: "/console/members" });
  usePageTitle(`${t(`members.tabs.${tab}`)} · ${t("nav.pages.members")}`);
  const navigate = useNavigate({ from: "/members" });
  const Section = SECTIONS[tab];
  return (
    <div className="page">
      <div className="head items-center min-h-[34px] flex-wrap">
        <h1>{t("nav.pages.members")}</h1>
        <Segment<Tab>
          label={t("members.show")}
          value={tab}
          options={TABS.map((value) => ({ value, label: t(`members.tabs.${value}`) }))}
          onChange={(value) =>
            navigate({
              search: ({ tab: _, ...old }) => (value === "people" ? old : { ...old, tab: value }),
            })
          }
        />
      </div>
      <Section />
    </div>
  );
}
