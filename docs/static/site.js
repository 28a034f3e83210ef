// The widgets follow the theme of the page, which may itself follow the system's.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => {
  const theme = document.body.dataset.theme;
  const light = theme === "light" || (theme !== "dark" && !dark.matches);
  document.documentElement.dataset.jpThemeLight = light;
};
document.addEventListener("DOMContentLoaded", () => {
  follow();
  dark.addEventListener("change", follow);
  new MutationObserver(follow).observe(document.body, { attributeFilter: ["data-theme"] });
});
