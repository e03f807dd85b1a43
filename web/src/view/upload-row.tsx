import {useEffect, useRef} from "preact/hooks";
import {bytes, percent, span} from "../format";
import {t} from "../shared-strings";
import type {Limits} from "../upload/refusals";
import type {Upload, UploadState, Uploads, UploadsState} from "../upload/uploads";
import {ChooseFiles} from "./drop";
import {Icon} from "./icons";
import {Name} from "./name";

export interface TrayProps {
  uploads: Uploads;
  limits: Limits;
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

export function Row({row, uploads, limits}: TrayProps & {row: Upload}) {
  const {id, name, state, problem} = row;
  return (
    <li class="upload" part="upload" data-state={state}>
      <bdi class="name" part="name" title={name}>
        <Name of={name} />
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
