import { html, svg } from "./dom.js";
import { count, countryName, money } from "./format.js";

/**
 * Shows what became of the codes to each country, and what they cost.
 *
 * @param {HTMLElement} place @param {HTMLElement} note @param {import("./model.js").News} news
 */
export function showCountries(place, note, { countries, currency }) {
  const costs = countries.map(({ cost }) => cost).filter((cost) => cost !== null);
  const isPriced = costs.length > 0;
  note.textContent = noteOn(countries, isPriced);
  const most = Math.max(1, ...countries.map(({ sent }) => sent));
  const headings = ["Country", "Sent", "Used", "Failed", "Cost"].map((text) =>
    html("th", { scope: "col" }, text),
  );
  const rows = countries.map(({ country, sent, used, failed, cost }) =>
    html(
      "tr",
      {},
      html("th", { scope: "row" }, countryName(country)),
      html("td", {}, count(sent)),
      html("td", {}, sent === 0 ? count(used) : `${count(used)} (${Math.round((100 * used) / sent)}%)`),
      html("td", {}, count(failed)),
      html("td", {}, cost === null ? "unknown" : money(cost, currency)),
      html("td", { class: "share" }, bar(sent / most, used / most)),
    ),
  );
  const sum = costs.reduce((all, cost) => all + cost, 0);
  const foot = html(
    "tr",
    {},
    html("th", { scope: "row" }, "All"),
    ...[
      countries.map(({ sent }) => sent),
      countries.map(({ used }) => used),
      countries.map(({ failed }) => failed),
    ].map((counts) => html("td", {}, count(counts.reduce((all, one) => all + one, 0)))),
    html("td", {}, isPriced ? money(sum, currency) : "unknown"),
    html("td", { class: "share" }),
  );
  const barHeading = html("th", { scope: "col", class: "share" }, "Used of sent");
  const table = html(
    "table",
    {},
    html("caption", { class: "unseen" }, "Sign-up codes by country since the component started"),
    html("thead", {}, html("tr", {}, ...headings, barHeading)),
    html("tbody", {}, ...rows),
    html("tfoot", {}, foot),
  );
  const region = { class: "scroll", role: "region", "aria-label": "Sign-up codes by country", tabindex: 0 };
  replaceIfChanged(
    place,
    countries.length === 0 ? html("p", {}, "No code has been sent yet.") : html("div", region, table),
  );
}

/** @param {readonly import("./model.js").Country[]} countries @param {boolean} isPriced */
function noteOn(countries, isPriced) {
  const since = "Since the component started.";
  if (countries.every(({ cost }) => cost !== null)) return since;
  const missing = isPriced ? "Some prices are not known" : "Prices are not known";
  return `${since} ${missing}: the option dashboard.prices has them.`;
}

/** A bar of what was sent, the used part of it filled. @param {number} sent @param {number} used */
function bar(sent, used) {
  const width = (/** @type {number} */ share) => (100 * Math.min(1, share)).toFixed(1);
  return svg(
    "svg",
    { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { width: width(sent), height: 10, rx: 1, class: "track" }),
    svg("rect", { width: width(used), height: 10, rx: 1, class: "f1" }),
  );
}

/** Leaves the page alone while nothing is new: focus and selection stay. @param {HTMLElement} place @param {HTMLElement} made */
function replaceIfChanged(place, made) {
  if (place.firstElementChild?.isEqualNode(made)) return;
  const hadFocus = place.firstElementChild === document.activeElement;
  place.replaceChildren(made);
  if (hadFocus) made.focus();
}
