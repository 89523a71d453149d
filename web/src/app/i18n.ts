import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import en from "./locales/en.json" with { type: "json" };
import zhTW from "./locales/zh-TW.json" with { type: "json" };
import { remember } from "./storage.ts";

export type Language = "en" | "zh-TW";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: typeof en };
  }
}

/** `public/theme.js` has set the document's language before the first paint. */
export async function startI18n(): Promise<void> {
  await i18next.use(initReactI18next).init({
    resources: { en: { translation: en }, "zh-TW": { translation: zhTW } },
    lng: document.documentElement.lang === "zh-TW" ? "zh-TW" : "en",
    fallbackLng: "en",
    interpolation: { escapeValue: false },
  });
}

/** Switches at once and remembers it; texts from the server follow when they are fetched again. */
export async function chooseLanguage(language: Language): Promise<void> {
  document.documentElement.lang = language;
  remember("awooop.language", language);
  await i18next.changeLanguage(language);
}
