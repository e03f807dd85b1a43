/**
 * Finds out whether the browser stores data for this page. With blocked cookies, or in a sandboxed
 * frame, any use of IndexedDB may throw. Imported before Uppy, which uses it when it loads.
 */

const PROBE = "clipo-probe";

const database = (() => {
  try {
    return window.indexedDB;
  } catch {
    Object.defineProperty(window, "indexedDB", {value: undefined});
    return undefined;
  }
})();

/** Locks need a page from HTTPS or localhost. */
export async function canStore(): Promise<boolean> {
  if (!database || !navigator.locks) return false;
  try {
    return await opens(database);
  } catch {
    return false;
  }
}

function opens(factory: IDBFactory): Promise<boolean> {
  const request = factory.open(PROBE);
  return new Promise((resolve) => {
    request.onerror = (event) => {
      // The caller handles it, so the browser must not report an error.
      event.preventDefault();
      resolve(false);
    };
    request.onsuccess = () => {
      request.result.close();
      factory.deleteDatabase(PROBE);
      resolve(true);
    };
  });
}
