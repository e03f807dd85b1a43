/** The language of the page, and the locale of its numbers and dates. */

import {preferred} from "./preferences";

/** The languages of the page by their own names. */
export const LANGUAGES = {en: "English", de: "Deutsch", es: "Español"} as const;

export type Language = keyof typeof LANGUAGES;

const isLanguage = (code: string): code is Language => code in LANGUAGES;

const base = (locale: string) => locale.split("-")[0] ?? locale;

/** The language of the page that an element stands in; empty in Clipo's own page. A constant of build.mjs. */
declare const LANGUAGE_OF_HOST: string;

const wanted = [LANGUAGE_OF_HOST || (preferred("language") ?? []), navigator.languages].flat();

export const language: Language = wanted.map(base).find(isLanguage) ?? "en";

/** With a region, such as en-GB, if the browser names one for the language. */
export const locale = navigator.languages.find((one) => base(one) === language) ?? language;

const plural = new Intl.PluralRules(language);

/** Return the text for a number: for one, or for all others. */
export const counted = (count: number, one: string, other: string) =>
  plural.select(count) === "one" ? one : other;
