import type { Ajv, CodeKeywordDefinition, KeywordCxt } from "ajv";

/**
 * Makes an Ajv see lists that hold nothing as they are. What it finds out about a list, it keeps in a variable that it
 * only sets where there is an item to look at. So for an empty list it is not set at all, or still says what was found
 * of the list before: beside rules for the first items (`prefixItems`, formerly `items`), whatever `contains` says
 * would pass, and after a list that contains what it should an empty one would pass too.
 */
export function mendListRules(ajv: Ajv): void {
  mend(ajv, "items", ({ schema }) => (Array.isArray(schema) ? true : undefined));
  mend(ajv, "prefixItems", () => true);
  mend(ajv, "contains", ({ it, parentSchema: { minContains = 1, maxContains } }) => {
    // Elsewhere Ajv sets it itself; dialects before 2019-09 know neither of the two.
    const isPlain = !it.opts.next || (minContains === 1 && maxContains === undefined);
    return isPlain ? false : undefined;
  });
}

/** @param nothing what is to be found where there is no item; undefined where Ajv's own code is right */
function mend(ajv: Ajv, keyword: string, nothing: (cxt: KeywordCxt) => boolean | undefined): void {
  const rule = ajv.getKeyword(keyword);
  // Not all dialects have all of them.
  if (typeof rule !== "object") return;
  const own = rule as CodeKeywordDefinition;
  ajv.removeKeyword(keyword);
  ajv.addKeyword({
    ...own,
    keyword,
    code(cxt) {
      const found = nothing(cxt);
      if (found === undefined) return own.code(cxt);
      const { gen } = cxt;
      const { name } = gen;
      // The first name that the rule asks for is that of the variable.
      gen.name = (prefix) => {
        gen.name = name;
        return gen.var(prefix, found);
      };
      try {
        own.code(cxt);
      } finally {
        gen.name = name;
      }
    },
  });
}
