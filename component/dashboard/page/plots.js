import { bytes, count, duration, figure } from "./format.js";
import { Plot } from "./plot.js";

/** The plots of the page. @param {import("./model.js").Model} model */
export function createPlots(model) {
  const readers = createReaders(model);
  return [...messagePlots(readers), ...mailboxPlots(readers), ...otherPlots(readers)];
}

/** @typedef {ReturnType<typeof createReaders>} Readers */

/** What makes series of a model's columns. @param {import("./model.js").Model} model */
function createReaders(model) {
  /** @param {string} title @param {string} column @param {number} look */
  const rate = (title, column, look, isArea = false) => ({
    name: title,
    look,
    isArea,
    value: (/** @type {import("./model.js").Stretch} */ stretch) => model.perMinute(stretch, column),
  });
  /** @param {string} title @param {string} column @param {number} look */
  const state = (title, column, look) => ({
    name: title,
    look,
    isArea: true,
    value: (/** @type {import("./model.js").Stretch} */ stretch) => model.highest(stretch, column),
  });
  /** @param {string} name @param {2 | 3} kind @param {number} share @param {number} look */
  const time = (name, kind, share, look) => ({
    name,
    look,
    value: (/** @type {import("./model.js").Stretch} */ stretch) => model.quantile(stretch, kind, share),
  });
  return { rate, state, time };
}

/** @param {Readers} readers */
function messagePlots({ rate, time }) {
  return [
    new Plot({
      title: "Messages by state",
      note: "a minute",
      format: known(figure),
      smallestTop: 4,
      series: [
        rate("accepted", "accepted", 1, true),
        rate("delivered", "delivered", 2),
        rate("read", "read", 3),
        rate("expired", "expired", 4),
        rate("refused", "refused", 5),
      ],
    }),
    new Plot({
      title: "Time until accepted",
      note: "from submit to answer, and the commit in it; estimated from buckets",
      format: duration,
      smallestTop: 0.004,
      series: [
        time("half", 2, 0.5, 1),
        time("95 of 100", 2, 0.95, 5),
        time("commit, half", 3, 0.5, 2),
        time("commit, 95 of 100", 3, 0.95, 3),
      ],
    }),
  ];
}

/** @param {Readers} readers */
function mailboxPlots({ state }) {
  return [
    new Plot({
      title: "Entries waiting in mailboxes",
      note: "receipts and markers are entries too",
      format: known(count),
      smallestTop: 4,
      series: [state("entries", "waitingEntries", 1)],
    }),
    new Plot({
      title: "Age of the oldest entry",
      note: "of all that wait",
      format: duration,
      smallestTop: 60,
      series: [state("age", "oldestSeconds", 5)],
    }),
    new Plot({
      title: "Devices attached",
      note: "on the SDK; ordinary apps are connected to the host",
      format: known(count),
      smallestTop: 4,
      series: [state("devices", "attachedDevices", 2)],
    }),
  ];
}

/** @param {Readers} readers */
function otherPlots({ rate, state }) {
  return [
    new Plot({
      title: "Sign-up codes",
      note: "a minute",
      format: known(figure),
      smallestTop: 4,
      series: [
        rate("sent", "codesSent", 1, true),
        rate("used", "codesUsed", 2),
        rate("failed", "codesFailed", 4),
      ],
    }),
    new Plot({
      title: "Entries on the way to devices",
      note: "a minute; sent again is what was not acknowledged in time",
      format: known(figure),
      smallestTop: 4,
      series: [rate("sent", "entriesSent", 1, true), rate("sent again", "entriesResent", 4)],
    }),
    new Plot({
      title: "Memory of the component",
      note: "resident",
      format: known(bytes),
      smallestTop: 64 * 1024 * 1024,
      unit: 1024 * 1024,
      series: [state("memory", "memoryBytes", 3)],
    }),
  ];
}

/** @param {(value: number) => string} format */
function known(format) {
  return (/** @type {number} */ value) => (Number.isFinite(value) ? format(value) : "–");
}
