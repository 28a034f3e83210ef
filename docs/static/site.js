// The widgets follow the theme of the page, which may itself follow the system's; on paper it is light.
const dark = matchMedia("(prefers-color-scheme: dark)");
const paper = matchMedia("print");
const follow = () => {
  const theme = document.body.dataset.theme;
  const light = paper.matches || theme === "light" || (theme !== "dark" && !dark.matches);
  document.documentElement.dataset.jpThemeLight = light;
};

// What has to be scrolled sideways, such as a long line of code, can be: it takes the arrow keys.
const reach = () => {
  for (const box of document.querySelectorAll("pre, .table-wrapper, div.math"))
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
};
addEventListener("load", () => new ResizeObserver(reach).observe(document.body));

document.addEventListener("DOMContentLoaded", () => {
  follow();
  dark.addEventListener("change", follow);
  paper.addEventListener("change", follow);
  new MutationObserver(follow).observe(document.body, { attributeFilter: ["data-theme"] });
});
