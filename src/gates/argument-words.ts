import type { ErrorObject } from "ajv";
import { FINDINGS, type Finding, finding } from "../platform/findings-contract.ts";
import { fillWords, type Template } from "../platform/words-contract.ts";

const WORDS = {
  unfit: { en: "{{where}} {{said}}, says {{whose}}", "zh-TW": "{{where}} {{said}}（{{whose}}）" },
  unusable: { en: "{{whose}} can't be used: {{why}}", "zh-TW": "{{whose}}無法使用：{{why}}" },
  unchecked: {
    en: "they can't be checked against {{whose}}: {{why}}",
    "zh-TW": "無法依{{whose}}檢查：{{why}}",
  },
} as const satisfies Record<string, Template>;

function both(template: Template, params: Record<string, string>): Template {
  return { en: fillWords(template, params, "en"), "zh-TW": fillWords(template, params, "zh-TW") };
}

const named = (whose: Template) => ({ whose: whose.en, whose_zh_tw: whose["zh-TW"] });

/** That a schema can't be used, or that the arguments can't be checked against it; `why` is a library's. */
export function notChecked(kind: "unusable" | "unchecked", whose: Template, why: string): Template {
  return both(WORDS[kind], { ...named(whose), why });
}

/** What Ajv found, in both languages: in English as Ajv says it. */
export function unfit(error: ErrorObject, whose: Template): Template {
  const said = `${error.message ?? error.keyword}${namedIn(error)}`;
  const path = error.instancePath.slice(1).replaceAll("/", ".");
  return both(WORDS.unfit, {
    where: path === "" ? "the arguments" : path,
    where_zh_tw: path === "" ? "參數" : path,
    said,
    said_zh_tw: chinese(error) ?? said,
    ...named(whose),
  });
}

function namedIn({ keyword, params }: ErrorObject): string {
  if (keyword === "additionalProperties") return ` (${params.additionalProperty})`;
  return keyword === "const" ? ` (${JSON.stringify(params.allowedValue)})` : "";
}

/** Undefined for a keyword that has no words here. */
function chinese(error: ErrorObject): string | undefined {
  const { keyword, params } = error;
  if (keyword === "required") return `缺少欄位 ${params.missingProperty}`;
  if (keyword === "additionalProperties") return `沒有這個欄位：${params.additionalProperty}`;
  const found = ofKeyword(keyword, params);
  return found && fillWords(FINDINGS[found.code], found.params, "zh-TW");
}

const TYPES: Record<string, Finding> = {
  string: finding("no_text"),
  number: finding("no_number"),
  integer: finding("no_whole_number"),
  array: finding("no_list"),
  object: finding("no_object"),
  boolean: finding("no_boolean"),
  null: finding("no_null"),
};

function ofKeyword(keyword: string, params: ErrorObject["params"]): Finding | undefined {
  const { limit } = params;
  switch (keyword) {
    case "type":
      return TYPES[params.type];
    case "minLength":
      return finding("too_short", { min: limit });
    case "maxLength":
      return finding("too_long", { max: limit });
    case "minItems":
    case "minProperties":
      return finding("too_few", { min: limit });
    case "maxItems":
    case "maxProperties":
      return finding("too_many", { max: limit });
    case "minimum":
      return finding("too_small", { min: limit });
    case "maximum":
      return finding("too_large", { max: limit });
    case "exclusiveMinimum":
      return finding("not_above", { min: limit });
    case "exclusiveMaximum":
      return finding("not_below", { max: limit });
    case "multipleOf":
      return finding("no_multiple", { step: params.multipleOf });
    default:
      return ofForm(keyword, params);
  }
}

function ofForm(keyword: string, params: ErrorObject["params"]): Finding | undefined {
  switch (keyword) {
    case "enum":
      return finding("not_one_of", { values: listed(params.allowedValues) });
    case "const":
      return finding("not_exactly", { value: JSON.stringify(params.allowedValue) });
    case "pattern":
      return finding("no_match", { pattern: params.pattern });
    case "format":
      return finding("no_format", { format: params.format });
    case "uniqueItems":
      return finding("not_unique");
    case "anyOf":
    case "oneOf":
      return finding("no_alternative");
    case "not":
    case "false schema":
      return finding("not_allowed");
    default:
      return undefined;
  }
}

const LISTED_MAX = 20;

function listed(values: readonly unknown[]): string {
  const shown = values.slice(0, LISTED_MAX).map((value) => JSON.stringify(value));
  return [...shown, ...(values.length > LISTED_MAX ? ["…"] : [])].join(", ");
}
