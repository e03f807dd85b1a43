import type {ComponentChildren} from "preact";
import {useEffect, useRef} from "preact/hooks";

interface DialogProps {
  /** Class in page.css. */
  name: string;
  title: ComponentChildren;
  onClose(): void;
  children(close: () => void): ComponentChildren;
}

/** A dialog that opens when it is rendered. Its cross, Escape and a click outside close it. */
export function Dialog({name, title, onClose, children}: DialogProps) {
  const dialog = useModal();
  const close = () => dialog.current?.close();
  return (
    <dialog
      ref={dialog}
      class={`dialog ${name}`}
      aria-labelledby={`${name}-title`}
      onClose={onClose}
    >
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
      // After the dialog is removed: nothing behind an open one can take the focus.
      queueMicrotask(() => opener instanceof HTMLElement && opener.focus());
    };
  }, []);
  return dialog;
}
