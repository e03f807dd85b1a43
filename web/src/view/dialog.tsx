import type {ComponentChildren} from "preact";
import {useLayoutEffect, useRef} from "preact/hooks";
import {t} from "../strings";
import {Icon} from "./icons";

interface DialogProps {
  /** Class in page.css. */
  name: string;
  title: ComponentChildren;
  /** Buttons beside the cross. */
  buttons?: ComponentChildren;
  onClose(): void;
  /** Return what gets the focus afterwards, if not what had it before. */
  returnTo?(): HTMLElement | null;
  children(close: () => void): ComponentChildren;
}

/** A dialog that opens when it is rendered. Its cross, Escape and a click outside close it. */
export function Dialog({name, title, buttons, onClose, returnTo, children}: DialogProps) {
  const dialog = useModal(returnTo);
  const close = () => dialog.current?.close();
  return (
    <dialog
      ref={dialog}
      class={`dialog ${name}`}
      aria-labelledby={`${name}-title`}
      onClose={onClose}
    >
      <header>
        <h2 id={`${name}-title`} tabIndex={-1}>
          {title}
        </h2>
        <span class="buttons">
          {buttons}
          <button type="button" class="icon-button" aria-label={t.close} onClick={close}>
            <Icon name="close" />
          </button>
        </span>
      </header>
      {children(close)}
    </dialog>
  );
}

function useModal(returnTo: DialogProps["returnTo"]) {
  const dialog = useRef<HTMLDialogElement>(null);
  const target = useRef(returnTo);
  target.current = returnTo;
  useLayoutEffect(() => {
    const element = dialog.current;
    if (!element) return;
    const opener = document.activeElement;
    element.showModal();
    // Browsers disagree which element gets the focus. From its heading a dialog is read in order.
    if (!element.querySelector("[autofocus]")) element.querySelector("h2")?.focus();
    const onClick = (event: MouseEvent) => {
      if (event.target === element) element.close();
    };
    element.addEventListener("click", onClick);
    let focused: Element | null = null;
    element.addEventListener("close", () => {
      focused = document.activeElement;
    });
    return () => {
      element.removeEventListener("click", onClick);
      // The dialog is removed some time after it has closed: the user may be elsewhere already.
      const now = document.activeElement;
      if (focused && now !== focused && now !== document.body) return;
      // After the dialog is removed: nothing behind an open one can take the focus.
      queueMicrotask(() => {
        const place = target.current?.() ?? opener;
        if (place instanceof HTMLElement) place.focus();
      });
    };
  }, []);
  return dialog;
}
