// Draws every chart of the page, and follows the page's choice.
const choice = document.getElementById("choice");
const drawn = [...document.querySelectorAll("[data-chart]")].map((place) => {
  const spec = JSON.parse(document.getElementById(place.dataset.chart).textContent);
  // "ast": expressions are interpreted, so that the page's policy can forbid evaluated code
  return vegaEmbed(place, spec, { mode: "vega-lite", renderer: "svg", actions: false, ast: true })
    .then((made) => ({ view: made.view, follows: (spec.params || []).some((p) => p.name === "slice") }));
});
const follow = async () => {
  for (const answer of document.querySelectorAll(".answer[data-slice]")) {
    answer.hidden = answer.dataset.slice !== choice.value;
  }
  for (const { view, follows } of await Promise.all(drawn)) {
    if (follows) await view.signal("slice", choice.value).runAsync();
  }
};
const start = async () => {
  await Promise.all(drawn);
  if (choice) {
    // the choice is kept in the address, so that a link shows the same
    const wanted = new URLSearchParams(location.hash.slice(1)).get("show");
    if ([...choice.options].some((option) => option.value === wanted)) choice.value = wanted;
    choice.addEventListener("change", () => {
      history.replaceState(null, "", "#" + new URLSearchParams({ show: choice.value }));
      follow();
    });
    await follow();
  }
  // what a test waits for
  document.documentElement.setAttribute("data-ready", "true");
};
start();
