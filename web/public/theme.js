// Runs before the first paint, so that a forced theme or language never flashes as the other one.
// A file of its own: the content security policy allows no inline script.
(() => {
  const root = document.documentElement;
  try {
    const theme = localStorage.getItem("awooop.theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    const chosen = localStorage.getItem("awooop.language") ?? navigator.language;
    root.lang = chosen.toLowerCase().startsWith("zh") ? "zh-TW" : "en";
  } catch {
    // Storage can be switched off; then the system's theme and English stand.
  }
})();
