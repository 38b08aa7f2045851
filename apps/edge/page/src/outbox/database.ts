/** IndexedDB as promises: what the page keeps beyond a reload. */

const NAME = "isthmus-page";
const VERSION = 1;
/** `parcels` by sequence; `counters` and `bundles` by name. */
const STORES = ["parcels", "counters", "bundles"] as const;
export type StoreName = (typeof STORES)[number];

let opened: Promise<IDBDatabase> | undefined;

function database(): Promise<IDBDatabase> {
  opened ??= open();
  opened.catch(() => (opened = undefined));
  return opened;
}

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(NAME, VERSION);
  request.addEventListener("upgradeneeded", () => {
    request.result.createObjectStore("parcels", { keyPath: "sequence" });
    request.result.createObjectStore("counters");
    request.result.createObjectStore("bundles");
  });
  return resultOf(request).then((db) => {
    // Another tab with a newer page: let it change the stores, and open them anew when next needed.
    db.addEventListener("versionchange", () => {
      db.close();
      opened = undefined;
    });
    return db;
  });
}

/** What a request comes to. */
export function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error));
  });
}

/**
 * All of `work` or nothing of it, durable when it resolves. `work` awaits requests of this transaction only.
 *
 * @throws DOMException `QuotaExceededError` where the browser has no room
 */
export async function transact<T>(
  names: StoreName | readonly StoreName[],
  mode: IDBTransactionMode,
  work: (store: (name: StoreName) => IDBObjectStore) => Promise<T> | T,
): Promise<T> {
  const transaction = (await database()).transaction(names, mode, { durability: "strict" });
  const done = new Promise<void>((resolve, reject) => {
    transaction.addEventListener("complete", () => resolve());
    transaction.addEventListener("abort", () => reject(transaction.error ?? new Error("the transaction was given up")));
  });
  done.catch(() => undefined);
  try {
    const value = await work((name) => transaction.objectStore(name));
    await done;
    return value;
  } catch (error) {
    abort(transaction);
    throw transaction.error ?? error;
  }
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It has ended already.
  }
}
