/** Numbers, bytes and times for people. */

const LANGUAGE = "en-GB";
const UNITS = ["bytes", "kB", "MB", "GB", "TB", "PB"];
/** @type {readonly [Intl.RelativeTimeFormatUnit, number][]} */
const STEPS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
];

const clock = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium", timeStyle: "medium" });
const relative = new Intl.RelativeTimeFormat(LANGUAGE, { numeric: "auto" });

/** @param {number} value */
export function count(value) {
  return value.toLocaleString(LANGUAGE);
}

/** `one` or `many` as it fits, with the number. @param {number} value @param {string} one @param {string} many */
export function counted(value, one, many = `${one}s`) {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** In steps of 1000: `842 bytes`, `1.25 MB`. @param {number} value */
export function bytes(value) {
  const step = value < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(value) / 3));
  const digits = { maximumSignificantDigits: 3 };
  return `${(value / 1000 ** step).toLocaleString(LANGUAGE, step === 0 ? {} : digits)} ${UNITS[step]}`;
}

/** How much less the stored bytes are than the raw ones. @param {number} stored @param {number} raw */
export function saving(stored, raw) {
  if (raw === 0 || stored === 0) return "–";
  const less = 1 - stored / raw;
  return less < 0 ? `${percent(-less)} more` : percent(less);
}

/** @param {number} share */
function percent(share) {
  const digits = share > 0.99 && share < 1 ? 2 : 1;
  return `${(100 * share).toLocaleString(LANGUAGE, { maximumFractionDigits: digits })} %`;
}

/** How many times smaller, e.g. `24 times smaller`. @param {number} stored @param {number} raw */
export function ratio(stored, raw) {
  if (raw === 0 || stored === 0) return "nothing to compare yet";
  if (stored > raw) return "larger than raw";
  return `${(raw / stored).toLocaleString(LANGUAGE, { maximumSignificantDigits: 3 })} times smaller`;
}

/** A decoded number, short. @param {number} value */
export function number(value) {
  if (value === 0 || (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e6)) {
    return value.toLocaleString(LANGUAGE, { maximumSignificantDigits: 5, useGrouping: false });
  }
  return value.toExponential(3);
}

/** @param {number} milliseconds since 1970 */
export function dateTime(milliseconds) {
  return clock.format(milliseconds);
}

/** E.g. `3 minutes ago`. @param {number} milliseconds since 1970 @param {number} [now] */
export function ago(milliseconds, now = Date.now()) {
  const since = milliseconds - now;
  const [unit, size] = STEPS.find(([, least]) => Math.abs(since) >= least) ?? ["second", 1000];
  return relative.format(Math.round(since / size), unit);
}
