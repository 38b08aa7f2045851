/**
 * Keeps the page for offline use. All files of a build are fetched into a cache of its own when it is installed; the page is answered from there and the
 * network is not asked. A newer build waits until the page says so, so that one page never has files of two builds.
 */
declare const self: ServiceWorkerGlobalScope;

/** Put in by the build: a hash of all files; those that are fetched at once; those that are kept when first asked for. */
declare const BUILD: { readonly version: string; readonly files: readonly string[]; readonly later: readonly string[] };

const PREFIX = "isthmus-page-";
const CACHE = PREFIX + BUILD.version;

const urlOf = (path: string): string => new URL(path, self.registration.scope).href;

self.addEventListener("install", (event) => event.waitUntil(keepAll()));
self.addEventListener("activate", (event) => event.waitUntil(takeOver()));
self.addEventListener("message", ({ data }) => {
  if (data === "use-now") void self.skipWaiting();
});
self.addEventListener("fetch", (event) => {
  const path = pathOf(event.request);
  if (path !== undefined) event.respondWith(answer(path, event.request));
});

async function keepAll(): Promise<void> {
  const cache = await caches.open(CACHE);
  // Names without a hash in them may be in the browser's own cache, from an older build.
  await cache.addAll(BUILD.files.map((path) => new Request(urlOf(path), { cache: "no-cache" })));
}

async function takeOver(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(
    names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)),
  );
  await self.clients.claim();
}

/** Which of the build's files a request is for; nothing where it is for none of them, as a service beside the page. */
function pathOf({ method, url }: Request): string | undefined {
  const { scope } = self.registration;
  if (method !== "GET" || !url.startsWith(scope)) return undefined;
  const path = url.slice(scope.length).replace(/[?#].*$/, "");
  if (path === "index.html") return "";
  return BUILD.files.includes(path) || BUILD.later.includes(path) ? path : undefined;
}

async function answer(path: string, request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(urlOf(path));
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok && BUILD.later.includes(path)) await cache.put(urlOf(path), response.clone());
  return response;
}

export {};
