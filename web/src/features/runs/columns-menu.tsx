import { DropdownMenu } from "radix-ui";
import { useTranslation } from "react-i18next";
import { Button } from "../../ui/button.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { Menu } from "../../ui/menu.tsx";
import { COLUMNS, type Column } from "./columns.ts";

/** Which columns the list has; there are no columns to choose where rows have two lines. */
export function ColumnsMenu(props: {
  hidden: readonly Column[];
  onToggle: (column: Column) => void;
}) {
  const { t } = useTranslation();
  return (
    <Menu
      trigger={
        <Button size="small" className="max-sm:hidden">
          <Glyph name="columns" className="sm" />
          {t("runs.columns")}
        </Button>
      }
    >
      <div className="label">{t("runs.columns")}</div>
      {COLUMNS.map((column) => (
        <DropdownMenu.CheckboxItem
          key={column}
          checked={!props.hidden.includes(column)}
          onCheckedChange={() => props.onToggle(column)}
          onSelect={(event) => event.preventDefault()}
        >
          {props.hidden.includes(column) ? <span /> : <Glyph name="check" className="sm" />}
          {t(`runs.${column}`)}
        </DropdownMenu.CheckboxItem>
      ))}
    </Menu>
  );
}
