import type {RefObject} from "preact";
import {useEffect, useRef, useState} from "preact/hooks";
import type {Query, View} from "../address";
import {type Page, STATUSES, type Status} from "../api";
import {count} from "../format";
import {t} from "../strings";
import {Icon} from "./icons";

/** How long after the last letter the search begins. */
const TYPED_MS = 250;

interface ToolbarProps {
  query: Query;
  counts: Page["counts"];
  view: View;
  onQuery(change: Partial<Query>): void;
  onView(view: View): void;
}

/** Chooses which videos the list shows, and how. */
export function Toolbar({query, counts, view, onQuery, onView}: ToolbarProps) {
  return (
    <div class="toolbar">
      <Filters status={query.status} counts={counts} onChoose={(status) => onQuery({status})} />
      <Search text={query.search} onSearch={(search) => onQuery({search})} />
      <select
        aria-label={t.sort}
        value={query.search ? "name" : query.sort}
        disabled={Boolean(query.search)}
        onChange={({currentTarget: {value}}) => onQuery({sort: value})}
      >
        {Object.entries(t.sorts).map(([sort, name]) => (
          <option key={sort} value={sort}>
            {name}
          </option>
        ))}
      </select>
      <fieldset class="segments">
        <legend class="hidden">{t.view}</legend>
        {(["grid", "table"] as const).map((one) => (
          <label key={one} title={t.views[one]}>
            <input
              type="radio"
              name="view"
              checked={view === one}
              aria-label={t.views[one]}
              onChange={() => onView(one)}
            />
            <span>
              <Icon name={one} />
            </span>
          </label>
        ))}
      </fieldset>
    </div>
  );
}

function Search({text, onSearch}: {text: string; onSearch(text: string): void}) {
  const [typed, setTyped] = useState(text);
  const input = useRef<HTMLInputElement>(null);
  useSlash(input);
  useEffect(() => setTyped(text), [text]);
  useEffect(() => {
    if (typed.trim() === text) return;
    const timer = setTimeout(() => onSearch(typed.trim()), TYPED_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <label class="search">
      <Icon name="search" />
      <input
        ref={input}
        type="search"
        aria-label={t.search}
        aria-keyshortcuts="/"
        title={t.slashSearches}
        placeholder={t.search}
        value={typed}
        maxLength={200}
        onInput={({currentTarget: {value}}) => setTyped(value)}
      />
      <span class="key" aria-hidden="true">
        /
      </span>
    </label>
  );
}

/** Move the focus to a field when the user presses the slash and is not typing or in a dialog. */
function useSlash(field: RefObject<HTMLInputElement>): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
      const {activeElement} = document;
      if (activeElement?.matches("input:not([type=radio], [type=checkbox]), select")) return;
      if (document.querySelector("dialog[open]")) return;
      event.preventDefault();
      field.current?.focus();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}

/** The API counts no further. */
const COUNTED = 10_000;

function countOf(counts: NonNullable<Page["counts"]>, status: Status | null): string {
  const numbers = status ? [counts[status]] : Object.values(counts);
  const sum = numbers.reduce((total, number) => total + number, 0);
  return numbers.some((number) => number >= COUNTED) ? `${count(sum)}+` : count(sum);
}

const CHOICES: readonly (Status | null)[] = [null, ...STATUSES];

interface FiltersProps {
  status: Status | null;
  counts: Page["counts"];
  onChoose(status: Status | null): void;
}

function Filters({status: chosen, counts, onChoose}: FiltersProps) {
  return (
    <fieldset class="segments filters">
      <legend class="hidden">{t.statusFilter}</legend>
      {CHOICES.map((status) => {
        return (
          <label key={status ?? "all"}>
            <input
              type="radio"
              name="filter"
              checked={chosen === status}
              onChange={() => onChoose(status)}
            />
            <span>
              {t.statuses[status ?? "all"]}
              {counts && <small>{countOf(counts, status)}</small>}
            </span>
          </label>
        );
      })}
    </fieldset>
  );
}
