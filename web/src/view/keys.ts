/** Keys that act anywhere on the page. */

import {useLayoutEffect} from "preact/hooks";

const TYPING = "input:not([type=radio], [type=checkbox]), select";

/** Act on a key, unless the user is typing or in one of these dialogs. */
export function useKey(wanted: string, action: () => void, dialogs = "dialog[open]"): void {
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== wanted || event.ctrlKey || event.metaKey || event.altKey) return;
      if (document.activeElement?.matches(TYPING) || document.querySelector(dialogs)) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}
