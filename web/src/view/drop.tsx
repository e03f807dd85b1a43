import {useLayoutEffect, useRef, useState} from "preact/hooks";
import {t} from "../shared-strings";
import {filesIn} from "../upload/files";
import {Icon} from "./icons";

interface ChooseProps {
  /** Null if only the API knows them. */
  extensions: readonly string[] | null;
  /** What the file chooser offers instead. */
  accept?: string | null;
  single?: boolean;
  /** The camera that the chooser of a phone opens at once. */
  capture?: "user" | "environment" | null;
  disabled?: boolean;
  onFiles(files: File[]): void;
  class?: string;
  label: string;
}

/** A button that opens the file chooser: on phones also the camera. */
export function ChooseFiles(props: ChooseProps) {
  const {extensions, accept, single, capture, disabled, onFiles, label, class: style} = props;
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        accept={accept ?? ["video/*", ...(extensions ?? []).map((one) => `.${one}`)].join()}
        multiple={!single}
        capture={capture ?? undefined}
        hidden
        onChange={({currentTarget}) => {
          onFiles([...(currentTarget.files ?? [])]);
          // So that the same file can be chosen again.
          currentTarget.value = "";
        }}
      />
      <button
        type="button"
        class={style}
        part="button"
        disabled={disabled}
        onClick={() => input.current?.click()}
      >
        {label}
      </button>
    </>
  );
}

interface DropProps {
  /** Undefined if the caller may not upload: the page then only keeps the browser from opening files. */
  onFiles: ((files: File[]) => void) | undefined;
}

/** Takes files that are dropped or pasted anywhere on the page, and shows that while they hover. */
export function DropAnywhere({onFiles}: DropProps) {
  const overlay = useRef<HTMLDivElement>(null);
  const [hovers, setHovers] = useState(false);
  useLayoutEffect(() => listenForFiles(document, setHovers, onFiles), [onFiles]);
  useLayoutEffect(() => {
    // A popover is above an open dialog, too.
    if (hovers) overlay.current?.showPopover();
  }, [hovers]);
  return hovers && onFiles ? (
    <div ref={overlay} class="drop-overlay" popover="manual">
      <p>
        <Icon name="upload" />
        {t.dropNow}
      </p>
    </div>
  ) : null;
}

/** Listen for files until the returned function is called. */
export function listenForFiles(
  place: Document | HTMLElement,
  onHover: (hovers: boolean) => void,
  onFiles: ((files: File[]) => void) | undefined,
): () => void {
  const ends = new AbortController();
  const on = <Name extends "dragenter" | "dragover" | "dragleave" | "drop">(
    name: Name,
    action: (event: DragEvent) => void,
  ) =>
    place.addEventListener(
      name,
      (event) => {
        const drag = event as DragEvent;
        if (!drag.dataTransfer?.types.includes("Files")) return;
        // Else the browser opens the file in this tab.
        drag.preventDefault();
        action(drag);
      },
      {signal: ends.signal},
    );
  on("dragenter", () => onHover(true));
  on("dragover", ({dataTransfer}) => {
    if (dataTransfer) dataTransfer.dropEffect = onFiles ? "copy" : "none";
  });
  on("dragleave", ({relatedTarget}) => {
    if (!(relatedTarget instanceof Node && place.contains(relatedTarget))) onHover(false);
  });
  on("drop", ({dataTransfer}) => {
    onHover(false);
    if (dataTransfer && onFiles) void filesIn(dataTransfer).then(onFiles);
  });
  const onPaste = (event: Event) => {
    const files = [...((event as ClipboardEvent).clipboardData?.files ?? [])];
    if (files.length > 0) onFiles?.(files);
  };
  place.addEventListener("paste", onPaste, {signal: ends.signal});
  return () => ends.abort();
}
