/** A path of this console, or undefined: no address of another host may be reached through a sign-in. */
export function ownPath(path: string | null | undefined): string | undefined {
  if (!path?.startsWith("/") || path.startsWith("//") || /[\\\s]/.test(path)) return undefined;
  return path;
}
