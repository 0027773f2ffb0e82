// Sets the theme before the first paint. A file of its own, so that the content security policy needs no exception.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("bodhi.theme");
  } catch {}
  const dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
