import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Glyph } from "./glyphs.tsx";
import { Menu, MenuChoice } from "./menu.tsx";

const ANY = "";

/** One filter that is always there: it says what it holds, and can be taken off. An empty text stands for any. */
export function Filter<T extends string>(props: {
  name: string;
  any: string;
  value: T | undefined;
  options: { value: T; label: ReactNode }[];
  onChange: (value: T | typeof ANY) => void;
}) {
  const { t } = useTranslation();
  const held = props.options.find((option) => option.value === props.value);
  return (
    <span className={`fl ${held ? "is-set" : ""}`}>
      <Menu
        align="start"
        trigger={
          <button type="button">
            <span className="f">{props.name}</span>
            <b className="cut">{held?.label ?? props.any}</b>
            {!held && <Glyph name="down" className="sm text-ink-3" />}
          </button>
        }
      >
        <MenuChoice<T | typeof ANY>
          label={props.name}
          value={props.value ?? ANY}
          onChange={props.onChange}
          options={[{ value: ANY, label: props.any }, ...props.options]}
        />
      </Menu>
      {held && (
        <button
          type="button"
          aria-label={t("filter.remove", { name: props.name })}
          onClick={() => props.onChange(ANY)}
        >
          <Glyph name="close" className="sm" />
        </button>
      )}
    </span>
  );
}
