// Draws every chart of the page, and follows the page's choice.
const choice = document.getElementById("choice");
const drawn = [...document.querySelectorAll("[data-chart]")].map((place) => {
  const spec = JSON.parse(document.getElementById(place.dataset.chart).textContent);
  // "ast": expressions are interpreted, so that the page's policy can forbid evaluated code
  return vegaEmbed(place, spec, { mode: "vega-lite", renderer: "svg", actions: false, ast: true })
    .then((made) => ({ view: made.view, follows: (spec.params || []).some((p) => p.name === "slice") }));
});
const ready = Promise.all(drawn);
if (choice) {
  choice.addEventListener("change", async () => {
    for (const { view, follows } of await ready) {
      if (follows) await view.signal("slice", choice.value).runAsync();
    }
  });
}
// what a test waits for
ready.then(() => document.documentElement.setAttribute("data-ready", "true"));
