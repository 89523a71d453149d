/** A template for people, in both languages; `{{name}}` stands for a parameter. */
export type Template = Readonly<Record<"en" | "zh-TW", string>>;
export type WordParams = Readonly<Record<string, string | number>>;

/** A template with its parameters; a parameter that was given in both languages has its other one under `…_zh_tw`. */
export function fillWords(
  template: Template,
  params: WordParams,
  language: "en" | "zh-TW",
): string {
  const isChinese = language === "zh-TW";
  return template[language].replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) =>
    String((isChinese ? params[`${name}_zh_tw`] : undefined) ?? params[name] ?? ""),
  );
}
