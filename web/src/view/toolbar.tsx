import {useLayoutEffect, useRef, useState} from "preact/hooks";
import type {Query, View} from "../address";
import {type Page, STATUSES, type Status} from "../api";
import {count} from "../format";
import {t} from "../strings";
import {Icon} from "./icons";
import {useKey} from "./keys";
import {Segments} from "./segments";

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
      <Filters query={query} counts={counts} onChoose={(status) => onQuery({status})} />
      <Search text={query.search} onSearch={(search) => onQuery({search})} />
      <select
        aria-label={t.sort}
        title={query.search ? t.searchIsByName : undefined}
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
      <Segments
        name="views"
        legend={t.view}
        choices={VIEWS}
        chosen={view}
        onChoose={onView}
        label={(one) => t.views[one]}
      >
        {(one) => <Icon name={one} />}
      </Segments>
    </div>
  );
}

function Search({text, onSearch}: {text: string; onSearch(text: string): void}) {
  const [typed, setTyped] = useState(text);
  const input = useRef<HTMLInputElement>(null);
  useKey("/", () => input.current?.focus());
  // Layout effects: a letter that is typed before the next paint must not be overwritten.
  const begun = useRef(text);
  useLayoutEffect(() => {
    // Back, or "Show all videos": not the search that the letters have begun.
    if (text !== begun.current) setTyped(text);
    begun.current = text;
  }, [text]);
  const search = useRef(onSearch);
  search.current = onSearch;
  useLayoutEffect(() => {
    if (typed.trim() === begun.current) return;
    const timer = setTimeout(() => {
      begun.current = typed.trim();
      search.current(begun.current);
    }, TYPED_MS);
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
        title={t.searchHelp}
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

/** The API counts no further. */
const COUNTED = 10_000;

function countOf(counts: NonNullable<Page["counts"]>, status: Status | null): string {
  const numbers = status ? [counts[status]] : Object.values(counts);
  const sum = numbers.reduce((total, number) => total + number, 0);
  return numbers.some((number) => number >= COUNTED) ? `${count(sum)}+` : count(sum);
}

const VIEWS = ["grid", "table"] as const;

const CHOICES = ["all", ...STATUSES] as const;

interface FiltersProps {
  query: Query;
  counts: Page["counts"];
  onChoose(status: Status | null): void;
}

function Filters({query: {status, search}, counts, onChoose}: FiltersProps) {
  const statusOf = (choice: (typeof CHOICES)[number]) => (choice === "all" ? null : choice);
  return (
    <Segments
      name="filters"
      legend={t.statusFilter}
      choices={CHOICES}
      chosen={status ?? "all"}
      onChoose={(choice) => onChoose(statusOf(choice))}
    >
      {(choice) => (
        <>
          <span class="word">{t.filters[choice]}</span>
          {/* The API counts all videos, not those that a search finds. Their place stays. */}
          {counts && (
            <small class={search ? "unknown" : undefined}>
              {countOf(counts, statusOf(choice))}
            </small>
          )}
        </>
      )}
    </Segments>
  );
}
