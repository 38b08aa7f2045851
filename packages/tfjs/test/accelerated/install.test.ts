/** Installing, what is refused, and putting everything back. */
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { installAcceleratedWasm } from "@isthmus/tfjs/accelerated-wasm";
import { kernelBytes } from "@isthmus/kernels";
import { beforeAll, describe, expect, it } from "vitest";
import { requireBytes } from "../../src/accelerated/checked-malloc.ts";
import { requireVersion } from "../../src/version.ts";

beforeAll(() => {
  tf.env().set("PROD", true); // tfjs advertises its native backend on the console otherwise
});

const code = (name: string) => expect.objectContaining({ code: name });
const { resolve } = createRequire(import.meta.url);
const binaryPath = resolve("@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-simd.wasm");
const product = (): number[] => tf.tidy(() => [...tf.matMul(tf.ones([2, 3]), tf.ones([2, 3]), false, true).dataSync()]);
const slope = (): number[] =>
  tf.tidy(() => [
    ...tf
      .grad((x: tf.Tensor) => tf.square(x))(tf.tensor1d([3]))
      .dataSync(),
  ]);

describe("installAcceleratedWasm", () => {
  it("makes the current backend, and trains with tfjs-core alone", async () => {
    const accelerated = await installAcceleratedWasm();
    expect(tf.getBackend()).toBe("wasm");
    expect(accelerated.threads).toBe(1);
    expect(accelerated.kernels).toContain("Conv2DBackpropFilter");
    expect(product()).toEqual([3, 3, 3, 3]);
    expect(slope()).toEqual([6]);
    accelerated.uninstall();
  });

  it("puts everything back", async () => {
    const registered = (): unknown[] =>
      tf.getKernelsForBackend("wasm").map((kernel) => [kernel.kernelName, kernel.kernelFunc]);
    const before = new Map(registered() as [string, unknown][]);
    const factory = tf.findBackendFactory("wasm");
    const accelerated = await installAcceleratedWasm();
    expect(new Map(registered() as [string, unknown][])).not.toEqual(before);
    accelerated.uninstall();
    accelerated.uninstall();
    expect(new Map(registered() as [string, unknown][])).toEqual(before);
    expect(accelerated.gradients.filter((name) => tf.getGradient(name) as unknown)).toEqual([]);
    expect(tf.findBackendFactory("wasm")).toBe(factory);
    expect(await tf.setBackend("wasm")).toBe(true);
    expect(product()).toEqual([3, 3, 3, 3]);
    tf.removeBackend("wasm");
    tf.registerBackend("wasm", factory, 2);
  });

  it.each([1, 2, 4])("runs tfjs's own kernels on %i threads, as many as were asked for", async (threads) => {
    const accelerated = await installAcceleratedWasm({ threads });
    expect(accelerated.threads).toBe(threads);
    expect(product()).toEqual([3, 3, 3, 3]);
    // Wide enough to be shared out.
    expect(tf.tidy(() => tf.sum(tf.relu(tf.ones([512, 512]))).dataSync()[0])).toBe(2 ** 18);
    accelerated.uninstall();
  });

  it.each([
    ["bytes", async () => new Uint8Array(await readFile(binaryPath))],
    ["a path", async () => binaryPath],
    ["a URL", async () => new URL(`file://${binaryPath}`)],
    ["a data: URL", async () => `data:application/wasm;base64,${(await readFile(binaryPath)).toString("base64")}`],
  ])("takes %s of the binary", async (_, binary) => {
    const accelerated = await installAcceleratedWasm({ binary: await binary() });
    expect(product()).toEqual([3, 3, 3, 3]);
    accelerated.uninstall();
  });

  it("uses either build of our kernels", async () => {
    const accelerated = await installAcceleratedWasm({ build: "simd128" });
    expect(accelerated.build).toBe("simd128");
    accelerated.uninstall();
  });

  it("refuses what it cannot do, and can be asked again", async () => {
    await expect(installAcceleratedWasm({ threads: 0 })).rejects.toThrow(
      '"threads" expected a whole number from 1 to 8, got 0',
    );
    await expect(installAcceleratedWasm({ threads: "2" as never })).rejects.toThrow(TypeError);
    await expect(installAcceleratedWasm({ binary: "/nowhere.wasm" })).rejects.toThrow(code("TFJS_BINARY"));
    await expect(installAcceleratedWasm({ binary: new Uint8Array(8) })).rejects.toThrow(code("TFJS_BINARY"));
    const accelerated = await installAcceleratedWasm();
    await expect(installAcceleratedWasm()).rejects.toThrow(code("TFJS_BACKEND_IN_USE"));
    expect(product()).toEqual([3, 3, 3, 3]);
    accelerated.uninstall();
  });

  it("refuses to take a backend away from its tensors", async () => {
    await tf.setBackend("wasm");
    const held = tf.tensor1d([1, 2]);
    await expect(installAcceleratedWasm()).rejects.toThrow(/holds 1 tensors; install it once, before the first tensor/);
    held.dispose();
    (await installAcceleratedWasm()).uninstall();
  });

  it("refuses other versions of tfjs", () => {
    const ask = (): void =>
      requireVersion("the accelerated wasm backend", "tfjs-core", "4.21.0", "install that version");
    expect(ask).toThrow("the accelerated wasm backend expected tfjs-core 4.22.0, got 4.21.0; install that version");
    expect(ask).toThrow(code("TFJS_VERSION"));
  });
});

describe("memory", () => {
  it("says when there is none left", async () => {
    const accelerated = await installAcceleratedWasm();
    const { backend } = tf.engine();
    const arrays = backend.numDataIds();
    // 2^30 floats are 4 GiB: the number of bytes wraps around to 0.
    expect(() => tf.tidy(() => tf.fill([2 ** 30], 1))).toThrow(code("TFJS_OUT_OF_MEMORY"));
    expect(() => tf.tidy(() => tf.fill([2 ** 30 + 5], 1))).toThrow(/no room for an array of 4294967316 bytes/);
    expect(backend.numDataIds()).toBe(arrays);
    expect(product()).toEqual([3, 3, 3, 3]);
    accelerated.uninstall();
  });

  it("takes an address of 0 for what it is", () => {
    expect(() => requireBytes(16, () => 0)).toThrow(code("TFJS_OUT_OF_MEMORY"));
    expect(requireBytes(0, () => 0)).toBe(0);
    expect(requireBytes(16, () => -2_000_000_000)).toBe(-2_000_000_000);
  });

  /** Data of its own would lie where tfjs has its own, in low memory. */
  it.each([
    ["simd128", false],
    ["simd128", true],
    ["relaxed", false],
    ["relaxed", true],
  ] as const)("has no data segment in our kernels, %s, shared: %s", async (build, threaded) => {
    const ids = sectionIds(await kernelBytes(build, threaded));
    expect(ids).toContain(10); // code: the list is read right
    expect(ids).not.toContain(11);
  });
});

/** Of a WebAssembly module: after eight bytes, each section is an id, a length in LEB128, and as many bytes. */
function sectionIds(bytes: Uint8Array): number[] {
  const ids: number[] = [];
  for (let at = 8; at < bytes.length;) {
    ids.push(bytes[at++]!);
    let [length, shift, byte] = [0, 0, 0];
    do {
      byte = bytes[at++]!;
      length += (byte & 127) * 2 ** shift;
      shift += 7;
    } while (byte > 127);
    at += length;
  }
  return ids;
}
