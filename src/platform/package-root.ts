import { existsSync } from "node:fs";

/** The folder of the package, with its migrations and the built console: the same from its source and when bundled. */
export const PACKAGE_ROOT: URL = above(new URL(".", import.meta.url));

function above(folder: URL): URL {
  if (existsSync(new URL("package.json", folder))) return folder;
  const parent = new URL("..", folder);
  if (parent.href === folder.href) throw new Error("the program's package.json is gone");
  return above(parent);
}
