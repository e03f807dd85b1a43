import {useContext, useEffect, useLayoutEffect, useRef, useState} from "preact/hooks";
import type {Storyboard, Video} from "../api";
import {ApiContext} from "../context";
import {RightsContext} from "../rights";
import {showTile} from "../storyboard";

/** How long the pointer rests before the storyboard is loaded: Clipo may have to make it. */
const REST_MS = 200;

/** Show the storyboard of a video while the pointer moves over its picture. */
export function useScrub({pictures}: Video) {
  const api = useContext(ApiContext);
  const {deliver} = useContext(RightsContext);
  const [board, setBoard] = useState<Storyboard | null>(null);
  const [share, setShare] = useState<number | null>(null);
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const {storyboard_url: sheet, storyboard_json_url: json} = pictures ?? {};
  if (!sheet || !json || !deliver) return {handlers: {}, tile: null};
  const load = async () => {
    const found = await api.getStoryboard(json);
    const image = Object.assign(new Image(), {src: api.here(sheet)});
    await image.decode();
    setBoard(found);
  };
  const handlers = {
    onPointerEnter: ({pointerType}: PointerEvent) => {
      if (pointerType !== "mouse" || board) return;
      // Without a storyboard the picture stays.
      timer.current = setTimeout(() => load().catch(() => {}), REST_MS);
    },
    onPointerMove: ({currentTarget, clientX}: PointerEvent) => {
      const {left, width} = (currentTarget as Element).getBoundingClientRect();
      setShare((clientX - left) / width);
    },
    onPointerLeave: () => {
      clearTimeout(timer.current);
      setShare(null);
    },
  };
  const tile =
    board && share !== null ? (
      <Tile sheet={api.here(sheet)} board={board} share={Math.min(Math.max(share, 0), 1)} />
    ) : null;
  return {handlers, tile};
}

function Tile({sheet, board, share}: {sheet: string; board: Storyboard; share: number}) {
  const element = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    const box = element.current?.closest(".picture");
    if (!element.current || !box) return;
    const scales = [box.clientWidth / board.tile_width, box.clientHeight / board.tile_height];
    const isTall = board.tile_height > board.tile_width;
    const scale = isTall ? Math.min(...scales) : Math.max(...scales);
    showTile(element.current, sheet, board, share * board.duration, scale);
  });
  return (
    <>
      <span class="scrub">
        <span ref={element} class="tile" />
      </span>
      <progress class="scrub-bar" value={share} aria-hidden="true" />
    </>
  );
}
