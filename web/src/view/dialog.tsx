import type {ComponentChildren} from "preact";
import {useEffect, useRef} from "preact/hooks";

interface DialogProps {
  /** Its class in page.css. */
  name: string;
  title: string;
  onClose(): void;
  children(close: () => void): ComponentChildren;
}

/** A dialog that is open as long as it is there; its cross, Escape and a click beside it close it. */
export function Dialog({name, title, onClose, children}: DialogProps) {
  const dialog = useModal();
  const close = () => dialog.current?.close();
  return (
    <dialog ref={dialog} class={name} aria-labelledby={`${name}-title`} onClose={onClose}>
      <header>
        <h2 id={`${name}-title`}>{title}</h2>
        <button type="button" class="close" onClick={close}>
          <span aria-hidden="true">×</span>
          <span class="hidden">Close</span>
        </button>
      </header>
      {children(close)}
    </dialog>
  );
}

function useModal() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (!element) return;
    const opener = document.activeElement;
    element.showModal();
    const onClick = (event: MouseEvent) => {
      if (event.target === element) element.close();
    };
    element.addEventListener("click", onClick);
    return () => {
      element.removeEventListener("click", onClick);
      // When the dialog is gone: what is behind an open one takes no focus.
      queueMicrotask(() => opener instanceof HTMLElement && opener.focus());
    };
  }, []);
  return dialog;
}
