/** Formats numbers, times and names for people. */

const number = new Intl.NumberFormat("en", {maximumFractionDigits: 1});
const relative = new Intl.RelativeTimeFormat("en", {numeric: "auto", style: "short"});
const exact = new Intl.DateTimeFormat("en", {dateStyle: "medium", timeStyle: "medium"});

/** Keep the characters of a name from changing the direction of the text around it, as `<bdi>` does. */
export const isolate = (name: string) => `\u2068${name}\u2069`;

export const count = (value: number) => number.format(value);

/** Return 2,500,000 as 2.5 MB: a kilobyte has 1,000 bytes, as in the API's limit. */
export function bytes(value: number): string {
  if (value < 1000) return `${value} bytes`;
  const power = Math.min(Math.floor(Math.log10(value) / 3), 4);
  return `${number.format(value / 1000 ** power)} ${["", "kB", "MB", "GB", "TB"][power]}`;
}

export const bitRate = (perSecond: number) =>
  perSecond < 10e6
    ? `${number.format(perSecond / 1e3)} kbit/s`
    : `${number.format(perSecond / 1e6)} Mbit/s`;

/** Replaces Uppy's function of this name (see build.mjs), whose megabyte has 1,048,576 bytes. */
export const prettierBytes = bytes;

/** Return 0.4 s, 1:05 or 1:00:05. */
export function duration(seconds: number): string {
  if (seconds < 1) return `${number.format(seconds)} s`;
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = `${h ? String(m).padStart(2, "0") : m}:${String(s).padStart(2, "0")}`;
  return h ? `${h}:${tail}` : tail;
}

export const moment = (time: string) => exact.format(new Date(time));

const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];

/** Return a time like "2 min. ago". */
export function ago(time: string, now: number): string {
  const seconds = (now - new Date(time).getTime()) / 1000;
  for (const [unit, length] of UNITS) {
    if (seconds >= length) return relative.format(-Math.floor(seconds / length), unit);
  }
  return "just now";
}
