"use strict";
// What is under way is asked for again as long as somebody looks; whoever has no scripts has a link beside it.
if (document.querySelector("[data-again]")) {
  setTimeout(() => window.location.reload(), 1000);
}
// Airflow shows the console in a frame that may not lead the window elsewhere. The window itself may: so a link that is
// meant for the whole window is followed there.
if (window.parent !== window) {
  const outer = window.parent.document;
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[target=_top]");
    if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) {
      return;
    }
    event.preventDefault();
    const same = outer.createElement("a");
    same.href = link.href;
    outer.body.append(same);
    same.click();
    same.remove();
  });
  // Whoever has chosen light or dark in Airflow has chosen it here, whatever the machine's own setting is.
  const follow = () => {
    document.documentElement.dataset.theme = outer.documentElement.classList.contains("dark") ? "dark" : "light";
  };
  new MutationObserver(follow).observe(outer.documentElement, { attributeFilter: ["class"] });
  follow();
}
