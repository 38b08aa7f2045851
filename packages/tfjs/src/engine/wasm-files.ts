/** The binaries of tfjs-backend-wasm by the names it has for them, and where each is. */
export type WasmFiles = Readonly<Record<string, string>>;

/**
 * By the package's name, which bundlers resolve when they build: they see which files are meant, and serve them. tfjs itself looks
 * beside the bundle, where nobody has put them.
 */
const byName = (): WasmFiles => ({
  "tfjs-backend-wasm.wasm": new URL("@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm", import.meta.url).href,
  "tfjs-backend-wasm-simd.wasm": new URL(
    "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm",
    import.meta.url,
  ).href,
  "tfjs-backend-wasm-threaded-simd.wasm": new URL(
    "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm",
    import.meta.url,
  ).href,
});

/** By the place where package managers put it beside this package: Vite's development server knows relative addresses only. */
const byPlace = (): WasmFiles => ({
  "tfjs-backend-wasm.wasm": new URL(
    "../../../../@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm",
    import.meta.url,
  ).href,
  "tfjs-backend-wasm-simd.wasm": new URL(
    "../../../../@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm",
    import.meta.url,
  ).href,
  "tfjs-backend-wasm-threaded-simd.wasm": new URL(
    "../../../../@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm",
    import.meta.url,
  ).href,
});

/** Where this page's server has the binaries. */
export async function findWasmFiles(): Promise<WasmFiles> {
  const named = byName();
  if (await isServed(Object.values(named)[0]!)) return named;
  const placed = byPlace();
  return (await isServed(Object.values(placed)[0]!)) ? placed : named;
}

/** Servers of single pages answer with the page to what they do not have. */
async function isServed(url: string): Promise<boolean> {
  try {
    const { ok, headers } = await fetch(url, { method: "HEAD", credentials: "same-origin" });
    return ok && !/html/.test(headers.get("content-type") ?? "");
  } catch {
    return false;
  }
}
