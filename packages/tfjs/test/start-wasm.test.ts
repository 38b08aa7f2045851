/** Starting tfjs-backend-wasm where it is a page's bundle that asks. */
import type { TfjsCore } from "../src/tfjs-ops.ts";
import { afterEach, expect, it, vi } from "vitest";
import { startWasm } from "../src/engine/start-wasm.ts";
import { findWasmFiles } from "../src/engine/wasm-files.ts";

afterEach(() => void vi.unstubAllGlobals());

const binaries = ["tfjs-backend-wasm.wasm", "tfjs-backend-wasm-simd.wasm", "tfjs-backend-wasm-threaded-simd.wasm"];

/** A server that has what `serves` says, and answers with its page to everything else. */
function serving(serves: (url: string) => boolean): void {
  vi.stubGlobal("fetch", async (url: string) => ({
    ok: true,
    headers: new Headers({ "content-type": serves(url) ? "application/wasm" : "text/html" }),
  }));
}

const byName = (url: string) => url.includes("/src/engine/@tensorflow/");
const byPlace = (url: string) => !byName(url);

it.each([
  ["a bundler put them", byName],
  ["a package manager put them", byPlace],
] as const)("takes all three binaries from where %s", async (_, serves) => {
  serving(serves);
  const files = await findWasmFiles();
  expect(Object.keys(files)).toEqual(binaries);
  for (const [name, url] of Object.entries(files)) {
    expect(serves(url)).toBe(true);
    expect(url.endsWith(`@tensorflow/tfjs-backend-wasm/dist/${name}`)).toBe(true);
  }
});

it("says the bundler's addresses where nothing answers, so that the error names them", async () => {
  vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("Failed to fetch")));
  expect(Object.values(await findWasmFiles()).every(byName)).toBe(true);
});

/** As much of tfjs as is asked: `factory` makes the backend; `flags` are its environment's. */
function core(factory: () => unknown, flags: Record<string, boolean>): TfjsCore {
  const env = { getBool: () => false, getFlags: () => flags };
  return { env: () => env, findBackendFactory: () => factory } as unknown as TfjsCore;
}

it.each([{}, { WASM_HAS_MULTITHREAD_SUPPORT: true }])(
  "starts it without threads, and leaves flags as they were: %o",
  async (flags) => {
    const before = { ...flags };
    let seen: unknown;
    const factory = async () => {
      seen = { ...flags };
      return "backend";
    };
    expect(await startWasm(core(factory, flags), () => {})).toBe("backend");
    expect(seen).toEqual({ WASM_HAS_MULTITHREAD_SUPPORT: false });
    expect(flags).toEqual(before);
  },
);

it("makes an error of what tfjs throws, with what to do", async () => {
  const factory = () => Promise.reject({ message: "Make sure the server can serve" });
  const started = startWasm(core(factory, {}), () => {});
  await expect(started).rejects.toMatchObject({ code: "TFJS_NOT_STARTED", details: { backend: "wasm" } });
  await expect(startWasm(core(factory, {}), () => {})).rejects.toThrow(
    /can serve\); serve its \.wasm files.*setWasmPaths/,
  );
});
