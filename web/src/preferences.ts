/** What the user has chosen on this device. */

export type Theme = "system" | "light" | "dark";

type Name = "theme" | "language" | "view";

export function preferred(name: Name): string | null {
  try {
    return localStorage.getItem(`clipo-${name}`);
  } catch {
    // The browser stores nothing for this page.
    return null;
  }
}

export function prefer(name: Name, value: string): void {
  try {
    localStorage.setItem(`clipo-${name}`, value);
  } catch {
    // Then the choice lasts until the page is closed.
  }
}

export function applyTheme(theme: string | null): void {
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}
