import type {RefObject} from "preact";
import {useLayoutEffect, useRef} from "preact/hooks";

const SLIDE: KeyframeAnimationOptions = {duration: 200, easing: "ease-out"};

type Places = Map<Element, {x: number; y: number}>;

/** Slide the items of a list to their new places when the list changes. */
export function useSliding(list: RefObject<HTMLElement>, items: unknown): void {
  const shown = useRef(items);
  const before = items === shown.current ? null : placesIn(list.current);
  useLayoutEffect(() => {
    shown.current = items;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (before && !still) slide(before, placesIn(list.current));
  }, [items]);
}

/** Return places in the list's layout, which neither scrolling nor a running slide changes. */
function placesIn(list: HTMLElement | null): Places {
  const items = [...(list?.querySelectorAll<HTMLElement>("[data-at]") ?? [])];
  return new Map(items.map((item) => [item, {x: item.offsetLeft, y: item.offsetTop}]));
}

function slide(before: Places, after: Places): void {
  for (const [item, {x, y}] of after) {
    const old = before.get(item);
    if (!old) item.animate([{opacity: 0}, {opacity: 1}], SLIDE);
    else if (old.x !== x || old.y !== y)
      item.animate(
        [{transform: `translate(${old.x - x}px, ${old.y - y}px)`}, {transform: "none"}],
        // A slide that is still running goes on: the item would jump otherwise.
        {...SLIDE, composite: "add"},
      );
  }
}
