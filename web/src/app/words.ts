import type { TFunction } from "i18next";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import {
  count,
  countdown,
  dayAndTime,
  durationParts,
  isSameDay,
  money,
  moneyLimit,
  shortNumber,
  wallTime,
} from "./format.ts";
import type { Language } from "./i18n.ts";
import en from "./locales/en.json" with { type: "json" };

type KnownCode = keyof typeof en.codes;

const isKnown = (code: string | null): code is KnownCode =>
  code !== null && Object.hasOwn(en.codes, code);

function wordsOf(t: TFunction, language: Language) {
  return {
    t,
    language,
    duration: (ms: number, fine = false): string => {
      const parts = durationParts(ms, fine);
      return "b" in parts
        ? t(`duration.${parts.unit}`, { a: parts.a, b: parts.b })
        : t(`duration.${parts.unit}`, { a: parts.a });
    },
    money: (usd: number) => money(usd, language),
    /** What an error code means; undefined for codes that agents make up. */
    codeText: (code: string | null): string | undefined =>
      isKnown(code) ? t(`codes.${code}`) : undefined,
    moneyLimit: (usd: number) => moneyLimit(usd, language),
    shortNumber: (n: number) => shortNumber(n, language),
    countdown: (ms: number) => countdown(ms, language),
    number: (n: number) => count(n, language),
    /** Today only the time, else the day too: for columns. */
    moment: (iso: string, now: number): string =>
      isSameDay(new Date(iso), new Date(now))
        ? wallTime(iso)
        : dayAndTime(iso, language, new Date(now)),
    /** As a phrase: "03:07:58 today". */
    when: (iso: string, now: number): string =>
      isSameDay(new Date(iso), new Date(now))
        ? t("common.today_at", { time: wallTime(iso) })
        : dayAndTime(iso, language, new Date(now)),
  };
}

/** Formatting in the language that is shown; the same object as long as that stays. */
export function useWords() {
  const { t, i18n } = useTranslation();
  const language: Language = i18n.language === "zh-TW" ? "zh-TW" : "en";
  return useMemo(() => wordsOf(t, language), [t, language]);
}

export type Words = ReturnType<typeof useWords>;
