/**
 * Whether the browser keeps anything for this page: one that blocks cookies, or a frame without an
 * origin, may throw at the first touch. Imported before Uppy, which touches it when it is loaded.
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

/** Locks are missing where the page came neither by HTTPS nor from this machine. */
export async function keepsThings(): Promise<boolean> {
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
      // Told here: it is no error of the page.
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
