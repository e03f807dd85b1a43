import {useEffect, useRef, useState} from "preact/hooks";
import {LANGUAGES, language} from "../locale";
import {applyTheme, prefer, preferred, type Theme} from "../preferences";
import type {Session} from "../session";
import {useStore} from "../store";
import {t} from "../strings";
import {CopyButton} from "./copy";
import {Icon} from "./icons";
import {useKey} from "./keys";
import {Shortcuts} from "./shortcuts";

const THEMES: readonly Theme[] = ["system", "light", "dark"];

/** The menu of the page's theme, language, key and keyboard shortcuts. */
export function Settings({session}: {session: Session}) {
  const menu = useRef<HTMLDetailsElement>(null);
  const [theme, setTheme] = useState<string>(preferred("theme") ?? "system");
  const [helping, setHelping] = useState(false);
  useKey("?", () => setHelping(true), "dialog.question");
  useEffect(() => closeOutside(menu.current), []);
  return (
    <>
      <details ref={menu} class="menu">
        <summary class="icon-button" aria-label={t.settings}>
          <Icon name="settings" />
        </summary>
        <div class="panel">
          <label for="theme">{t.theme}</label>
          <select
            id="theme"
            value={theme}
            onChange={({currentTarget: {value}}) => {
              setTheme(value);
              prefer("theme", value);
              applyTheme(value);
            }}
          >
            {THEMES.map((one) => (
              <option key={one} value={one}>
                {t.themes[one]}
              </option>
            ))}
          </select>
          <label for="language">{t.language}</label>
          <select
            id="language"
            value={language}
            onChange={({currentTarget: {value}}) => {
              prefer("language", value);
              location.reload();
            }}
          >
            {Object.entries(LANGUAGES).map(([code, name]) => (
              <option key={code} value={code} lang={code}>
                {name}
              </option>
            ))}
          </select>
          <Key session={session} />
          <button
            type="button"
            class="keyboard"
            onClick={() => {
              if (menu.current) menu.current.open = false;
              setHelping(true);
            }}
          >
            {t.shortcuts}
            <kbd>?</kbd>
          </button>
        </div>
      </details>
      {helping && (
        <Shortcuts onClose={() => setHelping(false)} returnTo={() => menuButton(menu.current)} />
      )}
    </>
  );
}

/** The key's id, not its name: the holder of a token need not know what the key is for. */
function Key({session}: {session: Session}) {
  const id = useStore(session).me?.key_id;
  if (!id) return null;
  return (
    <>
      <span>{t.key}</span>
      <span class="your-key">
        <span class="code">{id}</span>
        <CopyButton text={id} what={t.key} />
      </span>
    </>
  );
}

/** Return the button of the menu, unless a dialog is in front of it. */
const menuButton = (menu: HTMLElement | null) =>
  document.querySelector("dialog[open]") ? null : (menu?.querySelector("summary") ?? null);

/** Close a menu when the user clicks elsewhere, leaves it or presses Escape. */
function closeOutside(menu: HTMLDetailsElement | null): () => void {
  const close = (event: Event) => {
    if (menu?.open && !menu.contains(event.target as Node)) menu.open = false;
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !menu?.open) return;
    menu.open = false;
    menu.querySelector("summary")?.focus();
  };
  document.addEventListener("pointerdown", close);
  document.addEventListener("focusin", close);
  document.addEventListener("keydown", onKey);
  return () => {
    document.removeEventListener("pointerdown", close);
    document.removeEventListener("focusin", close);
    document.removeEventListener("keydown", onKey);
  };
}
