/** Stores unfinished uploads in the browser, so that a page that was closed or reloaded resumes them. */

/** What is known of an upload. It never contains a credential. */
export interface Note {
  id: string;
  name: string;
  size: number;
  /** When the user chose the file: milliseconds since 1970. */
  addedAt: number;
  /** The person who has chosen the file. */
  person: string;
  passthrough?: string | undefined;
  /** The Idempotency-Key of the announcement. */
  announcementKey?: string | undefined;
  /** The id of the announced video. */
  videoId?: string | undefined;
  /** The id of its upload in parts, the bytes of each part, and the tags of those in the storage. */
  uploadId?: string | undefined;
  partSize?: number | undefined;
  etags: string[];
  /** Whether the user has cancelled the upload, and may still undo that. */
  cancelled?: boolean | undefined;
}

// Larger files must be chosen again; their uploads then resume, too.
const FILE_BYTES = 2 ** 30;
const ALL_BYTES = 2 ** 31;

export class Vault {
  /** The sizes of the files that are stored, or on their way. */
  private readonly files = new Map<string, number>();
  /** The files that a reload does not lose. */
  private readonly stored = new Set<string>();

  private constructor(private readonly database: IDBDatabase) {}

  static async open(name: string): Promise<Vault> {
    const opening = indexedDB.open(name);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore("notes", {keyPath: "id"});
      opening.result.createObjectStore("files");
    };
    return new Vault(await result(opening));
  }

  /** Return all notes with their files: null for a file that is not stored. */
  async read(): Promise<[Note, File | null][]> {
    const notes = await result<Note[]>(this.store("notes", "readonly").getAll());
    return Promise.all(
      notes.map(async (note): Promise<[Note, File | null]> => {
        const file = await result<File | undefined>(this.store("files", "readonly").get(note.id));
        if (file) {
          this.files.set(note.id, file.size);
          this.stored.add(note.id);
        }
        return [note, file ?? null];
      }),
    );
  }

  put(note: Note): Promise<unknown> {
    return result(this.store("notes").put(note));
  }

  async putFile(id: string, file: File): Promise<void> {
    const stored = [...this.files.values()].reduce((sum, size) => sum + size, 0);
    if (this.files.has(id) || file.size > FILE_BYTES || stored + file.size > ALL_BYTES) return;
    this.files.set(id, file.size);
    const store = this.store("files");
    try {
      await Promise.all([result(store.put(file, id)), completion(store.transaction)]);
    } catch (error) {
      this.files.delete(id);
      throw error;
    }
    if (this.files.has(id)) this.stored.add(id);
  }

  hasFile(id: string): boolean {
    return this.stored.has(id);
  }

  async remove(id: string): Promise<void> {
    this.files.delete(id);
    this.stored.delete(id);
    await Promise.all(["notes", "files"].map((name) => result(this.store(name).delete(id))));
  }

  private store(name: string, mode: IDBTransactionMode = "readwrite"): IDBObjectStore {
    return this.database.transaction(name, mode).objectStore(name);
  }
}

const result = <T>(request: IDBRequest<T>) =>
  new Promise<T>((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = (event) => {
      // The caller handles it, so the browser must not report an error.
      event.preventDefault();
      reject(request.error);
    };
  });

/** Wait until a transaction is on disk. A large file is written, or does not fit, after its request has succeeded. */
const completion = (transaction: IDBTransaction) =>
  new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });

/** Tell whether the browser stores data for this page. With blocked cookies, or in a sandboxed frame, any use may throw. */
export async function canStore(): Promise<boolean> {
  try {
    // Locks need a page from HTTPS or localhost.
    if (!window.indexedDB || !navigator.locks) return false;
    const probe = indexedDB.open("clipo-probe");
    (await result(probe)).close();
    indexedDB.deleteDatabase("clipo-probe");
    return true;
  } catch {
    return false;
  }
}
