import type {Storyboard} from "./api";
import {loadSheet, showTile} from "./storyboard";

const TRIES = 5;
const FIRST_DELAY_MS = 500;

/**
 * Load a player's signed address, ask for another one when the storage refuses it, and go on at the
 * same moment: docs/delivery.md. Call `giveUp` if the browser cannot play the file, or nothing helps:
 * with the last error if there is no address.
 */
export function keepPlaying(
  video: HTMLVideoElement,
  address: () => Promise<string>,
  giveUp: (problem?: Error) => void,
): () => void {
  let moment = 0;
  let tries = 0;
  let known = false;
  let timer = 0;
  let isAsking = false;
  let isOver = false;
  const ask = async () => {
    if (isAsking) return;
    isAsking = true;
    const url = await address().catch((problem: Error) => problem);
    isAsking = false;
    if (isOver) return;
    if (url instanceof Error) {
      retry(url);
      return;
    }
    // A viewer may have chosen a moment, or begun to play, before the address came.
    const {paused} = video;
    video.src = url;
    if (moment) video.currentTime = moment;
    if (!paused) video.play().catch(() => {});
  };
  const retry = (problem?: Error) => {
    if (known && tries < TRIES) timer = setTimeout(ask, FIRST_DELAY_MS * 2 ** tries++);
    else giveUp(problem);
  };
  video.ontimeupdate = video.onseeking = () => {
    if (video.readyState > HTMLMediaElement.HAVE_NOTHING) moment = video.currentTime;
  };
  video.onloadedmetadata = () => {
    known = true;
  };
  video.onplaying = () => {
    tries = 0;
  };
  video.onerror = () => {
    // No new address helps against the end of a file that is cut off.
    if (video.error?.code === MediaError.MEDIA_ERR_DECODE) giveUp();
    else retry();
  };
  // Chromium reports no refusal to the page, but retries for a minute. This event means that no byte
  // has come for 3 seconds; without metadata, the first answer is only slow.
  video.onstalled = () => {
    const {readyState} = video;
    const plays = readyState > HTMLMediaElement.HAVE_CURRENT_DATA;
    if (readyState > HTMLMediaElement.HAVE_NOTHING && !plays) void ask();
  };
  void ask();
  return () => {
    isOver = true;
    clearTimeout(timer);
    video.onerror = null;
    // An element outside of the page would play and load on.
    video.removeAttribute("src");
    video.load();
  };
}

/** Show the picture of each moment above a timeline, and play from there when it is released. */
export async function previewMoments(
  video: HTMLVideoElement,
  timeline: HTMLElement,
  sheet: string,
  load: () => Promise<Storyboard>,
): Promise<void> {
  const [board] = await Promise.all([load(), loadSheet(sheet)]).catch(() => []);
  if (!board) return;
  const tile = Object.assign(document.createElement("span"), {className: "tile", hidden: true});
  timeline.append(tile);
  timeline.hidden = false;
  const shareAt = (clientX: number) => {
    const {left, width} = timeline.getBoundingClientRect();
    return Math.min(Math.max((clientX - left) / width, 0), 1);
  };
  timeline.onpointerdown = timeline.onpointermove = ({clientX}) => {
    const share = shareAt(clientX);
    showTile(tile, sheet, board, share * board.duration);
    tile.style.left = `${share * (timeline.clientWidth - board.tile_width)}px`;
    tile.hidden = false;
  };
  timeline.onpointerleave = timeline.onpointercancel = () => {
    tile.hidden = true;
  };
  timeline.onpointerup = ({clientX}) => {
    video.currentTime = shareAt(clientX) * board.duration;
    // A browser may refuse to play; the moment shows nevertheless.
    video.play().catch(() => {});
  };
  const showPlayed = () =>
    timeline.style.setProperty("--played", `${(100 * video.currentTime) / board.duration}%`);
  video.addEventListener("timeupdate", showPlayed);
  showPlayed();
}
