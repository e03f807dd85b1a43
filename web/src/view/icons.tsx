/** Icons of 16 × 16: lines in the colour of the text. */

const PATHS = {
  upload: "M8 11V3M4.5 6.5 8 3l3.5 3.5M3 13h10",
  pause: "M6 4v8M10 4v8",
  play: "M5.5 3.5v9l7-4.5z",
  retry: "M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3",
  close: "m4 4 8 8M12 4l-8 8",
  down: "m4 6 4 4 4-4",
  up: "m4 10 4-4 4 4",
  left: "m10 4-4 4 4 4",
  right: "m6 4 4 4-4 4",
  file: "M4 2h5l3 3v9H4zM9 2v3h3",
  search: "M7 11.5a4.5 4.5 0 1 1 0-9 4.5 4.5 0 0 1 0 9M10.5 10.5 14 14",
  grid: "M3 3h4v4H3zM9 3h4v4H9zM3 9h4v4H3zM9 9h4v4H9z",
  table: "M2.5 4h11M2.5 8h11M2.5 12h11",
  settings: "M2 5h8M13 5h1M2 11h1M6 11h8M11.5 3.5v3M4.5 9.5v3",
} as const;

export function Icon({name}: {name: keyof typeof PATHS}) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
