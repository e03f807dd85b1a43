/** Formats numbers, times and names for people, as the user's locale has them. */

import {locale} from "./locale";

const number = new Intl.NumberFormat(locale, {maximumFractionDigits: 1});
const rate = new Intl.NumberFormat(locale, {style: "percent"});
const relative = new Intl.RelativeTimeFormat(locale, {numeric: "auto", style: "short"});
const relativeDay = new Intl.RelativeTimeFormat(locale, {numeric: "auto"});
const day = new Intl.DateTimeFormat(locale, {dateStyle: "medium"});
const languages = new Intl.DisplayNames(locale, {type: "language"});
const exact = new Intl.DateTimeFormat(locale, {dateStyle: "medium", timeStyle: "medium"});

/** Keep the characters of a name from changing the direction of the text around it, as `<bdi>` does. */
export const isolate = (name: string) => `\u2068${name}\u2069`;

// Firefox before version 125 has none.
const segmenter = "Segmenter" in Intl ? new Intl.Segmenter(locale) : undefined;
const END_LENGTH = 10;

/** Return the graphemes of a name, or its code points without a segmenter. */
const charactersOf = (name: string) =>
  segmenter ? Array.from(segmenter.segment(name), ({segment}) => segment) : [...name];

/** Return a name in two parts; names of a series often differ in the second only. */
export function atItsEnd(name: string): [start: string, end: string] {
  const characters = charactersOf(name);
  const end = characters.splice(-END_LENGTH);
  return [characters.join(""), end.join("")];
}

export const count = (value: number) => number.format(value);

/** Return 144 ms, 6.1 s or 1:02 min. */
export function elapsed(ms: number): string {
  if (ms < 1000) return `${number.format(ms)} ms`;
  return ms < 60_000 ? `${number.format(ms / 1000)} s` : `${duration(ms / 1000)} min`;
}

/** Return 0.421 as 42%: never 100% before the end. */
export const percent = (fraction: number) => rate.format(Math.floor(fraction * 100) / 100);

/** Return 2,500,000 as 2.5 MB: a kilobyte has 1,000 bytes, as in the API's limit. */
export function bytes(value: number): string {
  const power = value < 1000 ? 0 : Math.min(Math.floor(Math.log10(value) / 3), 4);
  // The number and its unit stay on one line.
  return `${number.format(value / 1000 ** power)}\u00a0${["B", "kB", "MB", "GB", "TB"][power]}`;
}

/** Return names like "MP4, MOV, WebM" for filename extensions. */
export const formats = (extensions: readonly string[]) =>
  extensions.map((one) => (one === "webm" ? "WebM" : one.toUpperCase())).join(", ");

export const bitRate = (perSecond: number) =>
  perSecond < 1e6
    ? `${number.format(perSecond / 1e3)} kbit/s`
    : `${number.format(perSecond / 1e6)} Mbit/s`;

/** Return "English" for "eng"; files may also have codes that are none. */
export function languageName(code: string): string {
  try {
    return languages.of(code) ?? code;
  } catch {
    return code;
  }
}

/** Return 0.4 s, 1:05 or 1:00:05. */
export function duration(seconds: number): string {
  if (seconds < 1) return `${number.format(seconds)} s`;
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = `${h ? String(m).padStart(2, "0") : m}:${String(s).padStart(2, "0")}`;
  return h ? `${h}:${tail}` : tail;
}

type Unit = "day" | "hour" | "minute" | "second";

const UNITS: readonly [Unit, number][] = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];
const SECOND: [Unit, number] = ["second", 1];

/** Return a limit of time in its largest whole unit, such as "90 sec" or "10 min". */
export function wholeSpan(seconds: number): string {
  const [unit, length] = UNITS.find(([, length]) => seconds % length === 0) ?? SECOND;
  return inUnit(seconds / length, unit);
}

/** Return a span of time like "2 min". */
export function span(seconds: number): string {
  const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? SECOND;
  return inUnit(Math.max(Math.ceil(seconds / length), 1), unit);
}

const inUnit = (value: number, unit: Unit) =>
  new Intl.NumberFormat(locale, {style: "unit", unit, unitDisplay: "short"}).format(value);

export const moment = (time: string) => exact.format(new Date(time));

/** Older videos have a date. */
const MONTH_S = 30 * 86_400;

/** Return a time like "2 min. ago"; "now" for the last minute, and a date for what is old. */
export function ago(time: string, now: number): string {
  const seconds = (now - new Date(time).getTime()) / 1000;
  if (seconds >= MONTH_S) return day.format(new Date(time));
  if (seconds >= 86_400) return relativeDay.format(-Math.floor(seconds / 86_400), "day");
  for (const [unit, length] of UNITS) {
    if (seconds >= length && unit !== "second")
      return relative.format(-Math.floor(seconds / length), unit);
  }
  return relative.format(0, "second");
}
