/** Where a choice is remembered: texts under keys. What it throws is a reason to measure anew, never an exception. */
export interface SelectionStore {
  /** What it is, for people: `localStorage`, `/home/me/.cache/isthmus/engine.json`. */
  readonly name: string;
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string): Promise<void>;
}

/** Forgets when the process or page ends. */
export function memoryStore(): SelectionStore {
  const texts = new Map<string, string>();
  return {
    name: "memory",
    get: async (key) => texts.get(key),
    set: async (key, value) => void texts.set(key, value),
  };
}

/** `localStorage`, `sessionStorage`, or what has their two methods. */
export function webStorageStore(storage: Pick<Storage, "getItem" | "setItem">, name = "localStorage"): SelectionStore {
  return {
    name,
    get: async (key) => storage.getItem(key) ?? undefined,
    set: async (key, value) => storage.setItem(key, value),
  };
}

const TABLE = "selections";

/** IndexedDB, which workers have too. */
export function indexedDbStore(factory: IDBFactory = indexedDB): SelectionStore {
  const inTable = async <T>(mode: IDBTransactionMode, body: (table: IDBObjectStore) => IDBRequest<T>): Promise<T> => {
    const opening = factory.open("isthmus", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(TABLE);
    const database = await settled(opening);
    try {
      return await settled(body(database.transaction(TABLE, mode).objectStore(TABLE)));
    } finally {
      database.close();
    }
  };
  return {
    name: "IndexedDB",
    get: async (key) => (await inTable("readonly", (table) => table.get(key))) as string | undefined,
    set: async (key, value) => void (await inTable("readwrite", (table) => table.put(value, key))),
  };
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB refused"));
  });
}

const ofProcess = memoryStore();

/** What this environment has: `localStorage` in pages, IndexedDB in workers, else memory. A page may be forbidden both. */
export function defaultStore(): SelectionStore {
  try {
    if ("document" in globalThis) return webStorageStore(localStorage);
    if (typeof indexedDB === "object") return indexedDbStore();
  } catch {
    // Reading the property throws where a policy or a sandbox forbids storage.
  }
  return ofProcess;
}
