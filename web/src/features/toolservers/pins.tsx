import { flagText } from "../../../../src/toolservers/flags-contract.ts";
import { shortHash } from "../../app/format.ts";
import { useWords } from "../../app/words.ts";
import { ListTable } from "../../ui/lists.tsx";
import { Tag } from "../../ui/marks.tsx";
import type { ToolServerDetail } from "./queries.ts";

type Pin = ToolServerDetail["pins"][number];

/** The tools of a server as they were pinned, and which of them are not what was pinned. */
export function Pins(props: { server: ToolServerDetail }) {
  const { t, when } = useWords();
  const { pins } = props.server;
  const heads = [
    { label: t("contracts.tool") },
    { label: t("servers.pin"), isMinor: true },
    { label: t("servers.pinned"), isMinor: true, isNumber: true },
  ];
  return (
    <section>
      <div className="sec">
        <h2>{t("servers.pins")}</h2>
        <span className="text-xs text-ink-3">{t("contracts.tools", { count: pins.length })}</span>
      </div>
      {pins.length === 0 ? (
        <p className="text-ink-2">{t("servers.no_pins")}</p>
      ) : (
        <ListTable caption={t("servers.pins")} heads={heads}>
          {pins.map((pin) => (
            <tr key={pin.name}>
              <td className="wide">
                <b className="what mono">{pin.name}</b> <PinTags pin={pin} />
                {pin.description && (
                  <span className="block text-ink-2 max-w-[92ch]">{pin.description}</span>
                )}
                <Flags flags={pin.flags} />
              </td>
              <td className="minor">
                <code className="text-ink-2">{shortHash(pin.pin_hash)}</code>
              </td>
              <td className="minor n">
                <time dateTime={pin.pinned_at}>{when(pin.pinned_at, Date.now())}</time>
              </td>
            </tr>
          ))}
        </ListTable>
      )}
    </section>
  );
}

function PinTags(props: { pin: Pin }) {
  const { t, when } = useWords();
  const { changed, absent_since: absent } = props.pin;
  return (
    <>
      {changed && <Tag tone="stopped">{t("servers.in_quarantine")}</Tag>}
      {absent && <Tag>{t("servers.absent", { since: when(absent, Date.now()) })}</Tag>}
    </>
  );
}

function Flags(props: { flags: readonly string[] }) {
  const { t, language } = useWords();
  if (props.flags.length === 0) return null;
  return (
    <span className="block text-stop-text">
      {t("servers.reads_oddly")}
      {props.flags.map((flag) => flagText(flag, language)).join(t("contracts.and"))}
    </span>
  );
}
