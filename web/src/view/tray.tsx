import {useRef, useState} from "preact/hooks";
import {percent, span} from "../format";
import {useStore} from "../store";
import {t} from "../strings";
import type {Refusal} from "../upload/refusals";
import type {Upload, UploadState} from "../upload/uploads";
import {Icon} from "./icons";
import {Refusals, Row, type TrayProps, useFocusKept} from "./upload-row";

/** The uploads of this tab, docked to the bottom: a row for each, and the files that were refused. */
export function Tray({uploads, limits}: TrayProps) {
  const {uploads: rows, refusals} = useStore(uploads);
  const [small, setSmall] = useState(false);
  const list = useRef<HTMLUListElement>(null);
  useFocusKept(list, rows);
  if (rows.length === 0 && refusals.length === 0) return null;
  // The list shows the video of a finished upload already.
  const here = rows.filter(({state}) => state !== "uploaded");
  const open = here.filter(({state}) => state !== "cancelled");
  return (
    <section class="tray" aria-label={t.uploads} data-small={small}>
      <header>
        <h2>{titleOf(rows, refusals)}</h2>
        {open.length > 1 && !small && (
          <button
            type="button"
            class="quiet-button"
            onClick={() => {
              for (const {id} of open) uploads.cancel(id);
            }}
          >
            {t.cancelAllUploads}
          </button>
        )}
        <button
          type="button"
          class="icon-button"
          aria-expanded={!small}
          aria-label={small ? t.expand : t.minimize}
          onClick={() => setSmall(!small)}
        >
          <Icon name={small ? "up" : "down"} />
        </button>
      </header>
      {showsSum(open, small) && <progress value={sum(rows)} aria-label={t.uploads} />}
      <div class="tray-body" hidden={small}>
        <Refusals refusals={refusals} uploads={uploads} limits={limits} />
        <ul ref={list} class="uploads">
          {here.map((row) => (
            <Row key={row.id} row={row} uploads={uploads} limits={limits} />
          ))}
        </ul>
      </div>
    </section>
  );
}

/** Whether the bar of all uploads says more than those of the rows. */
const showsSum = (open: readonly Upload[], small: boolean) =>
  (open.length > 1 || (small && open.length > 0)) && !areAll(open, "stopped");

const areAll = (rows: readonly Upload[], state: UploadState) =>
  rows.every((row) => row.state === state);

const WAITS_FOR_USER: readonly UploadState[] = ["paused", "stopped", "interrupted", "lost"];

function titleOf(rows: readonly Upload[], refusals: readonly Refusal[]): string {
  const refused = refusals.reduce((files, {names}) => files + names.length, 0);
  const moving = rows.filter(({state}) => ["waiting", "uploading", "offline"].includes(state));
  if (moving.length > 0) {
    if (areAll(moving, "offline")) return t.offlineFiles(moving.length);
    return titleOfMoving(rows, moving.length, refused);
  }
  const waiting = rows.filter(({state}) => WAITS_FOR_USER.includes(state));
  if (waiting.length > 0) return titleOfWaiting(waiting)(waiting.length);
  if (refused > 0) return t.refusedFiles(refused);
  return rows.some(({state}) => state === "uploaded") ? t.allUploaded : t.uploads;
}

/** Say how much is uploaded, how long the rest takes, and what is not uploaded. */
function titleOfMoving(rows: readonly Upload[], moving: number, refused: number): string {
  const perS = rows.reduce((bytes, {bytesPerS}) => bytes + (bytesPerS ?? 0), 0);
  const left = rows
    .filter(({state}) => state === "uploading" || state === "waiting")
    .reduce((bytes, {size, fraction}) => bytes + size * (1 - fraction), 0);
  const stopped = rows.filter(({state}) => state === "stopped").length;
  const parts = [
    t.uploadingFiles(moving),
    percent(sum(rows)),
    perS > 0 && left > 0 ? t.timeLeft(span(left / perS)) : null,
    stopped > 0 ? t.stoppedFiles(stopped) : null,
    refused > 0 ? t.refusedFiles(refused) : null,
  ];
  // A line never begins with the dot.
  return parts.filter((part) => part !== null).join("\u00a0· ");
}

function titleOfWaiting(rows: readonly Upload[]): (files: number) => string {
  if (rows.every(({resumes}) => resumes)) return t.resumingFiles;
  if (areAll(rows, "stopped")) return t.stoppedFiles;
  return areAll(rows, "paused") ? t.pausedFiles : t.waitingFiles;
}

/** The share of all bytes that is uploaded. */
export function sum(rows: readonly Upload[]): number {
  const counted = rows.filter(({state}) => state !== "cancelled");
  const total = counted.reduce((bytes, {size}) => bytes + size, 0);
  const sent = counted.reduce((bytes, {size, fraction}) => bytes + size * fraction, 0);
  return total ? sent / total : 0;
}
