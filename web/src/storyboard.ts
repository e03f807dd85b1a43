/** Shows the tiles of a storyboard. */

import type {Storyboard} from "./api";

/** Return the tile of a moment. */
export function tileAt({tiles}: Storyboard, seconds: number) {
  return tiles.findLast(({start}) => start <= seconds) ?? tiles[0];
}

/** Show the tile of a moment in an element, which gets the size of a tile. */
export function showTile(
  {style}: HTMLElement,
  sheet: string,
  board: Storyboard,
  seconds: number,
  scale = 1,
): void {
  const tile = tileAt(board, seconds);
  if (!tile) return;
  style.width = `${board.tile_width}px`;
  style.height = `${board.tile_height}px`;
  style.backgroundImage = `url("${sheet}")`;
  style.backgroundPosition = `${-tile.x}px ${-tile.y}px`;
  style.scale = String(scale);
}
