import { ask } from "./api.js";
import { byId, html } from "./dom.js";
import { bytes, duration } from "./format.js";

/**
 * @typedef {{
 *   id: number, kind: "message" | "receipt", account: string | null, deviceId: number | null, sizeBytes: number,
 *   enteredAt: number, setAsideAt: number }} Entry
 * @typedef {{ path: "retry" | "drop", name: string, title: string, text: string, look: string }} Action
 */

/** So many entries one answer lists; those behind come when these are dealt with. */
const MAX_LISTED = 500;

/** @type {readonly Action[]} */
const ACTIONS = [
  {
    path: "retry",
    name: "Deliver again",
    title: "Deliver entry {id} again?",
    text: "It comes behind everything that waits for the device. The sender, who was told that it expired, is told when it is delivered.",
    look: "plain",
  },
  {
    path: "drop",
    name: "Drop",
    title: "Drop entry {id}?",
    text: "Its content is deleted and cannot be brought back.",
    look: "danger",
  },
];

/** The entries that are set aside, and what can be done with them. */
export class SetAside {
  #place = byId("set-aside", HTMLElement);
  #say;
  #fail;
  #shown = "";
  /** How many are listed, and whether the list is as long as an answer gets. */
  count = 0;
  isMore = false;

  /** @param {(text: string) => void} say tells somebody who cannot see it @param {(error: unknown) => void} fail */
  constructor(say, fail) {
    this.#say = say;
    this.#fail = fail;
  }

  /** Fetches and shows the first of them. */
  async refresh() {
    /** @type {{ entries: Entry[] }} */
    const { entries } = await ask("GET", "set-aside");
    this.count = entries.length;
    this.isMore = entries.length >= MAX_LISTED;
    const now = Date.now();
    // Ages are told in round figures: a row that looks the same keeps its buttons, and their focus
    const texts = entries.map((entry) => describe(entry, now));
    const shown = JSON.stringify(texts);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const focused = document.activeElement?.getAttribute("data-action");
    this.#place.replaceChildren(entries.length === 0 ? html("p", {}, "None.") : this.#table(entries, texts));
    const again = this.#place.querySelector(`[data-action="${focused}"]`);
    if (again instanceof HTMLElement) again.focus();
  }

  /** @param {Entry[]} entries @param {string[][]} texts */
  #table(entries, texts) {
    const names = ["Entry", "Device", "Size", "Came", "Set aside"];
    const head = [...names, "Actions"].map((name) =>
      html("th", { scope: "col", role: "columnheader" }, name),
    );
    const rows = entries.map((entry, index) => {
      const cells = (texts[index] ?? []).map((text, place) => {
        const label = { "data-label": names[place] };
        return place === 0
          ? html("th", { scope: "row", role: "rowheader", ...label }, text)
          : html("td", { role: "cell", ...label }, text);
      });
      const buttons = ACTIONS.map((action) => this.#button(entry, action));
      return html(
        "tr",
        { role: "row" },
        ...cells,
        html("td", { role: "cell", class: "wide" }, html("div", { class: "actions" }, ...buttons)),
      );
    });
    // The roles are those that a table has anyway: on a phone, where rows are shown as cards, browsers drop them
    return html(
      "table",
      { class: "texts", role: "table", "aria-labelledby": "set-aside-title" },
      html("thead", { role: "rowgroup" }, html("tr", { role: "row" }, ...head)),
      html("tbody", { role: "rowgroup" }, ...rows),
    );
  }

  /** @param {Entry} entry @param {Action} action */
  #button({ id }, action) {
    const label = html("span", { class: "unseen" }, ` entry ${id}`);
    const attributes = { type: "button", class: action.look, "data-action": `${action.path}-${id}` };
    const button = html("button", attributes, action.name, label);
    button.addEventListener("click", () => void this.#run(id, action));
    return button;
  }

  /** @param {number} id @param {Action} action */
  async #run(id, action) {
    if (!(await confirm(id, action))) return;
    try {
      await ask("POST", `set-aside/${id}/${action.path}`);
      this.#say(action.path === "drop" ? `Entry ${id} is dropped.` : `Entry ${id} is on its way again.`);
    } catch (error) {
      this.#fail(error);
    }
    await this.refresh().catch(this.#fail);
    // Its row, and the button that had the focus, are gone
    byId("set-aside-title", HTMLElement).focus();
  }
}

/** @param {Entry} entry @param {number} now */
function describe({ id, kind, account, deviceId, sizeBytes, enteredAt, setAsideAt }, now) {
  const age = (/** @type {number} */ at) =>
    `${duration(Math.max(1, Math.round((now - at) / 60_000)) * 60)} ago`;
  const device = account === null ? "gone" : `${deviceId} of ${account}`;
  return [`${id}, a ${kind}`, device, bytes(sizeBytes), age(enteredAt), age(setAsideAt)];
}

/** @param {number} id @param {Action} action @returns {Promise<boolean>} */
function confirm(id, { title, text, name, look }) {
  const dialog = byId("confirm", HTMLDialogElement);
  const yes = byId("confirm-yes", HTMLButtonElement);
  byId("confirm-title", HTMLElement).textContent = title.replace("{id}", String(id));
  byId("confirm-text", HTMLElement).textContent = text;
  yes.textContent = name;
  yes.className = look === "danger" ? "danger" : "";
  yes.onclick = () => dialog.close("yes");
  byId("confirm-no", HTMLButtonElement).onclick = () => dialog.close("no");
  dialog.returnValue = "no";
  dialog.showModal();
  byId("confirm-no", HTMLButtonElement).focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
