import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { DropdownMenu } from "radix-ui";
import { useTranslation } from "react-i18next";
import { FreezeButton } from "../features/freezes/freeze-button.tsx";
import { Glyph } from "../ui/glyphs.tsx";
import { Tag } from "../ui/marks.tsx";
import { Menu, MenuChoice } from "../ui/menu.tsx";
import { api } from "./client.ts";
import { chooseLanguage, type Language } from "./i18n.ts";
import { chooseShortcuts, chooseTheme, type Theme, usePreferences } from "./preferences.ts";
import { useProject, useProjects, useSession } from "./use-session.ts";

export function TopBar(props: { onHelp: () => void; onSearch: () => void }) {
  const { t } = useTranslation();
  return (
    <header className="top">
      <ProjectSwitch />
      <button
        type="button"
        className="find"
        aria-keyshortcuts="Control+K Meta+K"
        onClick={props.onSearch}
      >
        <Glyph name="search" className="sm" />
        <span className="word">{t("palette.placeholder")}</span>
        <kbd>⌘K</kbd>
      </button>
      <span className="flex-1" />
      <FreezeButton />
      <LanguageSwitch />
      <ThemeSwitch />
      <AccountMenu onHelp={props.onHelp} />
    </header>
  );
}

const ALL = "";

function ProjectSwitch() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const projects = useProjects();
  const chosen = useProject();
  const project = projects.find((p) => p.project_id === chosen);
  const only = projects.length === 1 ? projects[0] : undefined;
  const shown = project ?? only;
  const name = shown?.display_name ?? chosen ?? t("project.all");
  const label = (
    <>
      <span className="sr-only">{t("project.label")}</span>
      <b className="cut" title={name}>
        {name}
      </b>
      {shown && (
        <Tag>
          {shown.is_active ? t(`project.modes.${shown.migration_mode}`) : t("project.inactive")}
        </Tag>
      )}
    </>
  );
  if (only) return <div className="project">{label}</div>;
  const choose = (value: string) =>
    navigate({
      to: ".",
      search: (old: object) => ({ ...old, project: value === ALL ? undefined : value }),
    });
  return (
    <Menu
      trigger={
        <button type="button" className="project">
          {label}
          <Glyph name="updown" className="sm" />
        </button>
      }
      align="start"
    >
      <MenuChoice
        label={t("project.label")}
        value={chosen ?? ALL}
        onChange={choose}
        options={[
          { value: ALL, label: t("project.all") },
          ...projects.map((p) => ({
            value: p.project_id,
            label: p.display_name,
            note: p.is_active ? t(`project.modes.${p.migration_mode}`) : t("project.inactive"),
          })),
        ]}
      />
    </Menu>
  );
}

function LanguageSwitch() {
  const { t, i18n } = useTranslation();
  const client = useQueryClient();
  const choose = async (language: Language) => {
    await chooseLanguage(language);
    // Headlines, titles and reasons come from the server in the language one asked for.
    await client.invalidateQueries();
  };
  return (
    <Menu
      trigger={
        <button type="button" className="btn is-bare is-square">
          <span className="sr-only">{t("language.label")}</span>
          {i18n.language === "zh-TW" ? "繁" : "EN"}
        </button>
      }
    >
      <MenuChoice
        label={t("language.label")}
        value={i18n.language === "zh-TW" ? "zh-TW" : "en"}
        onChange={choose}
        options={[
          { value: "en", label: "English" },
          { value: "zh-TW", label: "繁體中文" },
        ]}
      />
    </Menu>
  );
}

function ThemeSwitch() {
  const { t } = useTranslation();
  const { theme } = usePreferences();
  return (
    <Menu
      trigger={
        <button type="button" className="btn is-bare is-square" aria-label={t("theme.label")}>
          <Glyph name="theme" />
        </button>
      }
    >
      <MenuChoice
        label={t("theme.label")}
        value={theme}
        onChange={chooseTheme}
        options={(["system", "light", "dark"] satisfies Theme[]).map((value) => ({
          value,
          label: t(`theme.${value}`),
        }))}
      />
    </Menu>
  );
}

function AccountMenu(props: { onHelp: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const session = useSession();
  const { shortcuts } = usePreferences();
  const signOut = async () => {
    await api.signOut().catch(() => undefined);
    await navigate({ to: "/sign-in" });
    client.clear();
  };
  if (!session) return null;
  return (
    <Menu
      trigger={
        <button type="button" className="btn is-bare">
          <span className="sr-only">{t("account.label")}</span>
          <span className="cut max-w-40 max-sm:sr-only" title={session.actor.name}>
            {session.actor.name}
          </span>
          <Glyph name="down" className="sm max-sm:hidden" />
          <Glyph name="person" className="sm:hidden" />
        </button>
      }
    >
      <div className="label">
        <span className="block wrap-anywhere sm:hidden">{session.actor.name}</span>
        {t("account.role", { role: t(`account.roles.${session.role}`) })}
      </div>
      <DropdownMenu.CheckboxItem checked={shortcuts} onCheckedChange={chooseShortcuts}>
        {shortcuts ? <Glyph name="check" className="sm" /> : <span />}
        {t("account.shortcuts")}
      </DropdownMenu.CheckboxItem>
      <DropdownMenu.Item onSelect={props.onHelp}>
        <span />
        {t("keys.title")}
        <kbd>?</kbd>
      </DropdownMenu.Item>
      <hr />
      <DropdownMenu.Item onSelect={signOut}>
        <span />
        {t("account.sign_out")}
      </DropdownMenu.Item>
    </Menu>
  );
}
