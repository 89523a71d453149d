/** A template for people, in both languages; `{{name}}` stands for a parameter. */
export type Template = Readonly<Record<"en" | "zh-TW", string>>;
export type WordParams = Readonly<Record<string, string | number>>;

/** Templates taken apart, by their texts: words and names of parameters in turn. They are ours, so they are few. */
const takenApart = new Map<string, readonly string[]>();

function partsOf(text: string): readonly string[] {
  const known = takenApart.get(text);
  if (known) return known;
  const parts = text.split(/\{\{(\w+)\}\}/);
  takenApart.set(text, parts);
  return parts;
}

/** A template with its parameters; a parameter that was given in both languages has its other one under `…_zh_tw`. */
export function fillWords(
  template: Template,
  params: WordParams,
  language: "en" | "zh-TW",
): string {
  const isChinese = language === "zh-TW";
  let text = "";
  for (const [at, part] of partsOf(template[language]).entries()) {
    const isName = at % 2 === 1;
    text += isName
      ? String((isChinese ? params[`${part}_zh_tw`] : undefined) ?? params[part] ?? "")
      : part;
  }
  return text;
}
