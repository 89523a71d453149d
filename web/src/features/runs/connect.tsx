import { useTranslation } from "react-i18next";
import { useProject, useProjects } from "../../app/use-session.ts";
import { CopyBlock } from "../../ui/copy.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { snippets } from "./connect-snippets.ts";

/** The first screen of a new installation: what the command line needs, and the three connections that make a run possible. */
export function Connect() {
  const { t } = useTranslation();
  const projects = useProjects();
  const project = useProject() ?? projects[0]?.project_id;
  const commands = snippets({ origin: window.location.origin, project });
  const steps = [
    { what: t("connect.start"), how: t("connect.start_how"), text: commands.start },
    { what: t("connect.server"), how: t("connect.server_how"), text: commands.server },
    { what: t("connect.agent"), how: t("connect.agent_how"), text: commands.agent },
    { what: t("connect.alert"), how: t("connect.alert_how"), text: commands.alert },
  ];
  return (
    <div className="py-4">
      <h2 className="text-md">{t("connect.title")}</h2>
      <p className="text-ink-2">{t("connect.why")}</p>
      <ol className="connect">
        {steps.map((step) => (
          <li key={step.what}>
            <Glyph name="pending" className="sm" />
            <div>
              <h3>{step.what}</h3>
              <p className="text-ink-2 mb-2 max-w-[92ch]">{step.how}</p>
              <CopyBlock text={step.text} label={t("connect.copy", { what: step.what })} />
            </div>
          </li>
        ))}
      </ol>
      <p className="text-ink-2 mt-4">{t("connect.demo")}</p>
    </div>
  );
}
