/** Boxes that scroll sideways. */

import {useLayoutEffect, useRef} from "preact/hooks";

/** Mark the edges behind which a box has more, and show what is chosen in it. */
export function useEdges<Box extends HTMLElement>(chosen: string) {
  const box = useRef<Box>(null);
  const mark = () => box.current && markEdges(box.current);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(mark);
    if (box.current) observer.observe(box.current);
    box.current?.addEventListener("scroll", mark, {passive: true});
    return () => observer.disconnect();
  }, []);
  const shown = useRef("");
  // What is in the box may have another width now.
  useLayoutEffect(() => {
    if (!box.current) return;
    const now = `${chosen} ${box.current.scrollWidth}`;
    if (now !== shown.current) showChosen(box.current);
    shown.current = now;
    mark();
  });
  return box;
}

function markEdges(box: HTMLElement): void {
  // From right to left the position is negative.
  const before = Math.abs(box.scrollLeft);
  const after = box.scrollWidth - box.clientWidth - before;
  box.toggleAttribute("data-more-before", before > 1);
  box.toggleAttribute("data-more-after", after > 1);
}

function showChosen(box: HTMLElement): void {
  const middleOf = ({left, right}: DOMRect) => (left + right) / 2;
  const chosen = box.querySelector(":checked")?.getBoundingClientRect();
  if (chosen) box.scrollBy({left: middleOf(chosen) - middleOf(box.getBoundingClientRect())});
}
