/** What figures, times and sizes look like. Nothing here touches the page. */

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const SHORT = new Intl.NumberFormat("en", { maximumSignificantDigits: 3, notation: "compact" });
const FINE = new Intl.NumberFormat("en", { maximumSignificantDigits: 2 });

/** A count, whole up to a hundred thousand. @param {number} count */
export function count(count) {
  return count < 100_000 ? WHOLE.format(count) : SHORT.format(count);
}

/** A rate or another figure that need not be whole. @param {number} value */
export function figure(value) {
  return value !== 0 && Math.abs(value) < 10 ? FINE.format(value) : count(value);
}

/** A duration. @param {number} seconds */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds === 0) return "0 s";
  if (seconds < 1) return `${FINE.format(seconds * 1000)} ms`;
  if (seconds < 120) return `${figure(seconds)} s`;
  if (seconds < 7200) return `${WHOLE.format(seconds / 60)} min`;
  if (seconds < 172_800) return `${WHOLE.format(seconds / 3600)} h`;
  return `${WHOLE.format(seconds / 86_400)} days`;
}

/** @param {number} bytes */
export function bytes(bytes) {
  if (bytes < 1024) return `${WHOLE.format(bytes)} B`;
  if (bytes < 1024 ** 2) return `${FINE.format(bytes / 1024)} KiB`;
  if (bytes < 1024 ** 3) return `${WHOLE.format(bytes / 1024 ** 2)} MiB`;
  return `${FINE.format(bytes / 1024 ** 3)} GiB`;
}

/** @param {number} amount @param {string} currency */
export function money(amount, currency) {
  return new Intl.NumberFormat("en", { style: "currency", currency }).format(amount);
}

/** A time of the day, in the time zone of whoever looks. @param {number} at */
export function clockTime(at, hasSeconds = false) {
  return new Date(at).toLocaleTimeString("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    ...(hasSeconds ? { second: "2-digit" } : {}),
  });
}

const COUNTRIES = new Intl.DisplayNames("en", { type: "region" });

/** @param {string} country ISO 3166; `ZZ` is unknown */
export function countryName(country) {
  return country === "ZZ" ? "Unknown" : (COUNTRIES.of(country) ?? country);
}
