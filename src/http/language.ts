/** Chinese in traditional characters, and Chinese that does not say which. */
const TRADITIONAL = /^zh(-hant(-.*)?|-tw|-hk|-mo)?$/;
const ENGLISH = /^(en(-.*)?|\*)$/;

/** The language of titles and reasons by `Accept-Language` (RFC 9110 §12.5.4); English when neither is asked for. */
export function languageOf(header: string | undefined): "en" | "zh-TW" {
  const wanted = (header ?? "")
    .toLowerCase()
    .split(",")
    .map((part) => {
      const [range = "", ...parameters] = part.split(";").map((piece) => piece.trim());
      const quality = parameters.find((parameter) => parameter.startsWith("q="));
      return { range, weight: quality === undefined ? 1 : Number(quality.slice(2)) };
    })
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight);
  for (const { range } of wanted) {
    if (TRADITIONAL.test(range)) return "zh-TW";
    if (ENGLISH.test(range)) return "en";
  }
  return "en";
}
