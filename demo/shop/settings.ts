import { z } from "zod";

/** One page of the shop, as rendered and as kept in the cache: 256 KiB. */
export const PAGE_BYTES = 256 * 1024;

const shopEnvironment = z.object({
  SHOP_HOST: z.string().min(1).default("shop-cache-01"),
  SHOP_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  SHOP_CACHE_DIR: z.string().min(1),
  SHOP_LOG_FILE: z.string().min(1),
  SHOP_QUOTA_BYTES: z.coerce
    .number()
    .int()
    .min(8 * PAGE_BYTES)
    .default(200 * PAGE_BYTES),
  SHOP_ADMIN_TOKEN: z.string().min(16),
  SHOP_PAGER_SECRET: z.string().startsWith("whsec_"),
});

const toolsEnvironment = shopEnvironment
  .pick({
    SHOP_HOST: true,
    SHOP_CACHE_DIR: true,
    SHOP_LOG_FILE: true,
    SHOP_QUOTA_BYTES: true,
    SHOP_ADMIN_TOKEN: true,
  })
  .extend({ SHOP_URL: z.url({ protocol: /^https?$/ }) });

export type ShopSettings = z.infer<typeof shopEnvironment>;
export type ToolSettings = z.infer<typeof toolsEnvironment>;

/** Reads the shop's settings; throws a `ZodError` that names every variable that is wrong. */
export function readShopSettings(env: NodeJS.ProcessEnv): ShopSettings {
  return shopEnvironment.parse(env);
}

/** Reads the tool server's settings; throws a `ZodError` that names every variable that is wrong. */
export function readToolSettings(env: NodeJS.ProcessEnv): ToolSettings {
  return toolsEnvironment.parse(env);
}
