import {useLayoutEffect, useRef, useState} from "preact/hooks";

/** Shorter lists are drawn whole: the browser then finds text in them. */
const WHOLE = 120;
/** How many pixels are drawn above and below the screen. */
const AROUND = 800;

export interface Drawn {
  /** The part of the list that is drawn: from `first` up to `end`. */
  first: number;
  end: number;
  /** The heights of what is not drawn, in pixels. */
  before: number;
  after: number;
}

/** Draw only the part of a long list that is near the screen. All items have the same height. */
export function useWindow(count: number, onNearEnd: () => void) {
  const list = useRef<HTMLElement>(null);
  const [drawn, setDrawn] = useState<Drawn>({first: 0, end: WHOLE, before: 0, after: 0});
  const nearEnd = useRef(onNearEnd);
  nearEnd.current = onNearEnd;
  useLayoutEffect(() => {
    let frame = 0;
    const measure = () => {
      frame = 0;
      if (!list.current) return;
      const {top, bottom} = list.current.getBoundingClientRect();
      if (bottom < innerHeight + 2 * AROUND) nearEnd.current();
      setDrawn((before) => {
        const next = partNear(list.current as HTMLElement, count, top);
        return next && JSON.stringify(next) !== JSON.stringify(before) ? next : before;
      });
    };
    const soon = () => {
      frame ||= requestAnimationFrame(measure);
    };
    measure();
    const observer = new ResizeObserver(soon);
    if (list.current) observer.observe(list.current);
    addEventListener("scroll", soon, {passive: true});
    addEventListener("resize", soon);
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
      removeEventListener("scroll", soon);
      removeEventListener("resize", soon);
    };
  }, [count]);
  return {list, drawn: {...drawn, end: Math.min(drawn.end, count)}};
}

function partNear(list: HTMLElement, count: number, top: number): Drawn | null {
  if (count <= WHOLE) return {first: 0, end: WHOLE, before: 0, after: 0};
  const item = list.querySelector<HTMLElement>("[data-at]");
  if (!item) return null;
  const style = getComputedStyle(list);
  const isGrid = style.display === "grid";
  const columns = isGrid ? style.gridTemplateColumns.split(" ").length : 1;
  const height = item.offsetHeight + (isGrid ? Number.parseFloat(style.rowGap) || 0 : 0);
  const rows = Math.ceil(count / columns);
  const clamp = (row: number) => Math.min(Math.max(row, 0), rows);
  // In a wider window the list may end above the screen: a row is drawn all the same, to measure by.
  const firstRow = Math.min(clamp(Math.floor((-top - AROUND) / height)), rows - 1);
  const endRow = Math.max(clamp(Math.ceil((innerHeight - top + AROUND) / height)), firstRow + 1);
  return {
    first: firstRow * columns,
    end: Math.min(endRow * columns, count),
    before: firstRow * height,
    after: (rows - endRow) * height,
  };
}
