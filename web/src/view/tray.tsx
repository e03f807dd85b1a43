import {useEffect, useRef, useState} from "preact/hooks";
import {bytes, percent, span} from "../format";
import {t} from "../shared-strings";
import {useStore} from "../store";
import type {Limits, Refusal} from "../upload/refusals";
import type {Upload, UploadState, Uploads, UploadsState} from "../upload/uploads";
import {ChooseFiles} from "./drop";
import {Icon} from "./icons";

interface TrayProps {
  uploads: Uploads;
  limits: Limits;
}

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

export function Refusals({refusals, uploads, limits}: TrayProps & Pick<UploadsState, "refusals">) {
  return refusals.map(({names, reason}) => (
    <div key={reason} class="refusal" part="refusal">
      <p>{t.refusal(names, reason, limits)}</p>
      <button
        type="button"
        class="icon-button"
        part="icon-button"
        aria-label={t.dismiss}
        onClick={() => uploads.dismiss(reason)}
      >
        <Icon name="close" />
      </button>
    </div>
  ));
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
  return parts.filter((part) => part !== null).join(" · ");
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

export function Row({row, uploads, limits}: TrayProps & {row: Upload}) {
  const {id, name, state, problem} = row;
  return (
    <li class="upload" part="upload" data-state={state}>
      <bdi class="name" part="name" title={name}>
        {name}
      </bdi>
      <span class="buttons">
        {state === "cancelled" ? (
          <button type="button" part="button" onClick={() => uploads.undo(id)}>
            {t.undo}
          </button>
        ) : (
          <Buttons row={row} uploads={uploads} limits={limits} />
        )}
      </span>
      <span class="facts" part="facts">
        {factsOf(row).map((fact) => (
          <span key={fact}>{fact}</span>
        ))}
      </span>
      {problem && state === "stopped" && (
        <p class="error" part="error">
          {problem}
        </p>
      )}
      {state !== "cancelled" && state !== "stopped" && (
        <progress part="progress" value={row.fraction} aria-label={name} />
      )}
    </li>
  );
}

function Buttons({row, uploads, limits}: TrayProps & {row: Upload}) {
  const {id, name, state, isFinal, fraction} = row;
  const main = {
    uploading:
      fraction < 1
        ? ({icon: "pause", label: t.pause(name), act: () => uploads.pause(id)} as const)
        : null,
    offline: {icon: "pause", label: t.pause(name), act: () => uploads.pause(id)},
    paused: {icon: "play", label: t.resume(name), act: () => uploads.resume(id)},
    interrupted: {icon: "play", label: t.resume(name), act: () => uploads.resume(id)},
    stopped: null,
    waiting: null,
    lost: null,
    cancelled: null,
    uploaded: null,
  } as const;
  const first = main[state];
  return (
    <>
      {state === "lost" && (
        <ChooseFiles
          extensions={limits.extensions}
          onFiles={(files) => uploads.add(files)}
          label={t.chooseAgain}
        />
      )}
      {state === "stopped" && !isFinal && (
        <button
          type="button"
          part="button"
          aria-label={t.retry(name)}
          onClick={() => uploads.resume(id)}
        >
          {t.retryIt}
        </button>
      )}
      {first && (
        <button
          type="button"
          class="icon-button"
          part="icon-button"
          aria-label={first.label}
          title={first.label}
          onClick={first.act}
        >
          <Icon name={first.icon} />
        </button>
      )}
      <button
        type="button"
        class="icon-button"
        part="icon-button"
        aria-label={t.cancel(name)}
        onClick={() => uploads.cancel(id)}
      >
        <Icon name="close" />
      </button>
    </>
  );
}

const HAVE_SENT: readonly UploadState[] = ["uploading", "paused", "offline", "interrupted", "lost"];

function factsOf({state, fraction, size, bytesPerS, secondsLeft, isFinal}: Upload): string[] {
  if (state === "uploading" && fraction === 1) return [t.finishing, bytes(size)];
  const facts = [
    state === "uploading" ? null : isFinal ? t.notUploaded : t.states[state],
    HAVE_SENT.includes(state) ? percent(fraction) : null,
    bytes(size),
    bytesPerS ? `${bytes(bytesPerS)}/s` : null,
    secondsLeft ? t.timeLeft(span(secondsLeft)) : null,
  ];
  return facts.filter((fact) => fact !== null);
}

/** Move the focus to the nearest button when the focused one disappears with its row. */
export function useFocusKept(list: {current: HTMLElement | null}, rows: readonly unknown[]): void {
  const focused = useRef<{row: number} | null>(null);
  const root = (list.current?.getRootNode() ?? document) as Document | ShadowRoot;
  const active = activeIn(root);
  const items = [...(list.current?.children ?? [])];
  const at = items.findIndex((item) => item.contains(active));
  if (at >= 0) focused.current = {row: at};
  else if (active) focused.current = null;
  useEffect(() => {
    if (!focused.current || activeIn(root)) return;
    const {row} = focused.current;
    const place = list.current?.children[row] ?? list.current?.lastElementChild;
    const button = place?.querySelector<HTMLElement>("button");
    (button ?? root.getElementById("upload")?.querySelector("button"))?.focus();
    if (!button) focused.current = null;
  }, [rows]);
}

/** Return the element with the focus, in a page or in an element of ours. */
function activeIn(root: Document | ShadowRoot): Element | null {
  const outside = document.activeElement !== document.body ? document.activeElement : null;
  return root === document ? outside : (root.activeElement ?? outside);
}
