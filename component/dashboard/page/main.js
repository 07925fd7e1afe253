import { ask, keepToken, SignedOut, takeToken } from "./api.js";
import { showCountries } from "./countries.js";
import { byId, html } from "./dom.js";
import { bytes, clockTime, count, duration, figure } from "./format.js";
import { Model } from "./model.js";
import { createPlots } from "./plots.js";
import { SetAside } from "./set-aside.js";

/** How long the page waits between two questions: as long as the component between two samples. */
const PAUSE_MS = 5_000;

/** @type {Record<string, import("./plot.js").Span>} */
const SPANS = {
  10: { spanMs: 600_000, stretchMs: 10_000, rowMs: 60_000 },
  60: { spanMs: 3_600_000, stretchMs: 60_000, rowMs: 300_000 },
};

let model = new Model();
let plots = createPlots(model);
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let isBroken = false;
let condition = "";

const setAside = new SetAside(say, fail);

/** Tells somebody who cannot see the page. @param {string} text */
function say(text) {
  byId("news", HTMLElement).textContent = text;
}

async function refresh() {
  clearTimeout(timer);
  try {
    model.take(await ask("GET", `samples${model.query}`));
    await setAside.refresh();
    show();
  } catch (error) {
    fail(error);
    if (error instanceof SignedOut) return;
  }
  if (!document.hidden) timer = setTimeout(() => void refresh(), PAUSE_MS);
}

/** @param {unknown} error */
function fail(error) {
  if (error instanceof SignedOut) return signOut(error.message);
  if (!isBroken) say("The dashboard gets no answer from the component.");
  isBroken = true;
  const known = model.news ? ` What is shown is of ${clockTime(model.news.now, true)}.` : "";
  byId("updated", HTMLElement).textContent = `No answer from the component.${known}`;
  showBadges([{ text: "No answer", isGood: false }]);
}

function show() {
  const { news } = model;
  if (!news) return;
  if (isBroken) say("The component answers again.");
  isBroken = false;
  byId("figures", HTMLElement).hidden = false;
  byId("domain", HTMLElement).textContent = news.domain;
  const upSeconds = (news.now - news.startedAt) / 1000;
  byId("updated", HTMLElement).textContent =
    `Updated ${clockTime(news.now, true)}. The component has been up for ${duration(upSeconds)}.`;
  showCondition(news);
  showTiles(news);
  const chosen = document.querySelector('input[name="span"]:checked');
  const span = SPANS[chosen instanceof HTMLInputElement ? chosen.value : "60"];
  if (span) for (const plot of plots) plot.show(model, span);
  showCountries(byId("countries", HTMLElement), byId("countries-note", HTMLElement), news);
}

/** @param {import("./model.js").News} news */
function showCondition({ state }) {
  const badges = [
    { text: state.isLinked ? "Linked to the server" : "Not linked to the server", isGood: state.isLinked },
    state.isStoreOpen
      ? { text: state.hasRoom ? "Store has room" : "Disk full", isGood: state.hasRoom }
      : { text: "Store broken", isGood: false },
  ];
  const texts = badges.map(({ text }) => text).join(". ");
  if (condition !== "" && condition !== texts) say(texts);
  condition = texts;
  showBadges(badges);
}

/** @param {{ text: string, isGood: boolean }[]} badges */
function showBadges(badges) {
  const items = badges.map(({ text, isGood }) =>
    html(
      "li",
      { class: isGood ? undefined : "bad" },
      html("span", { "aria-hidden": "true" }, isGood ? "✓" : "!"),
      text,
    ),
  );
  byId("badges", HTMLElement).replaceChildren(...items);
}

/** @param {import("./model.js").News} news */
function showTiles({ totals }) {
  // Not one of the clock's minutes, at whose end everything would fall to nothing
  const minute = model.last(60_000);
  const since = (/** @type {string} */ name) => `${count(totals[name] ?? 0)} since the start`;
  const rate = (/** @type {string} */ name) => figure(model.perMinute(minute, name) || 0);
  const held = setAside.count;
  /** @type {[string, string, string, boolean?][]} */
  const tiles = [
    ["Accepted a minute", rate("accepted"), since("accepted")],
    ["Delivered a minute", rate("delivered"), since("delivered")],
    ["Read a minute", rate("read"), since("read")],
    ["Expired or refused", count((totals["expired"] ?? 0) + (totals["refused"] ?? 0)), "since the start"],
    [
      "Entries waiting",
      count(model.latest("waitingEntries")),
      `${count(model.latest("waitingMailboxes"))} mailboxes, ${bytes(model.latest("waitingBytes"))}`,
    ],
    ["Oldest entry", duration(model.latest("oldestSeconds")), "waiting for its device"],
    ["Devices attached", count(model.latest("attachedDevices")), "on the SDK"],
    [
      "Set aside",
      `${count(held)}${setAside.isMore ? " or more" : ""}`,
      held === 0 ? "nothing to do" : "see below",
      held > 0,
    ],
  ];
  byId("tiles", HTMLElement).replaceChildren(
    ...tiles.map(([name, value, more, isBad]) =>
      html(
        "div",
        { class: isBad ? "bad" : undefined },
        html("dt", {}, name),
        html("dd", {}, value),
        html("dd", {}, more),
      ),
    ),
  );
}

/** @param {string} [trouble] */
function signOut(trouble) {
  clearTimeout(timer);
  keepToken(undefined);
  model = new Model();
  plots = createPlots(model);
  condition = "";
  isBroken = false;
  byId("figures", HTMLElement).hidden = true;
  byId("leave", HTMLElement).hidden = true;
  byId("badges", HTMLElement).replaceChildren();
  byId("updated", HTMLElement).textContent = "";
  byId("sign-in", HTMLElement).hidden = false;
  const place = byId("trouble", HTMLElement);
  place.hidden = trouble === undefined;
  place.textContent = trouble ?? "";
  byId("token", HTMLInputElement).focus();
}

function signIn() {
  byId("sign-in", HTMLElement).hidden = true;
  byId("leave", HTMLElement).hidden = false;
  byId("plots", HTMLElement).replaceChildren(...plots.map(({ element }) => element));
  void refresh();
}

byId("sign-in", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const field = byId("token", HTMLInputElement);
  keepToken(field.value.trim());
  field.value = "";
  signIn();
});
byId("leave", HTMLButtonElement).addEventListener("click", () => signOut());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && byId("sign-in", HTMLElement).hidden) void refresh();
});
for (const choice of document.querySelectorAll('input[name="span"]')) choice.addEventListener("change", show);

if (takeToken() === null) signOut();
else signIn();
