/** Finding a WebGPU device, with a package `webgpu` that has none. */
import { afterEach, expect, it } from "vitest";
import { type Dawn, openGpu, withGpu } from "../src/engine/gpu.ts";

const gpuOf = (adapter: unknown) => ({ requestAdapter: async () => adapter }) as unknown as GPU;
const dawn = (adapter: unknown): Dawn => ({ create: () => gpuOf(adapter), globals: { GPUFlagForTests: 7, Array: 0 } });

afterEach(() => {
  Reflect.deleteProperty(globalThis, "GPUFlagForTests");
});

it("says so where there is no adapter", async () => {
  const opened = openGpu(async () => dawn(null));
  await expect(opened).rejects.toMatchObject({ code: "TFJS_NO_DEVICE", details: { backend: "webgpu" } });
  await expect(openGpu(async () => dawn(null))).rejects.toThrow(/no WebGPU adapter.*VK_ICD_FILENAMES/);
});

it("asks for a device with the adapter's limits, and leaves global names alone that are there", async () => {
  const limits = { maxBufferSize: 5, maxComputeWorkgroupSizeX: 6, ofNoUse: 7 };
  let asked: unknown;
  const requestDevice = async (options: unknown) => ((asked = options), {});
  const adapter = { limits, requestDevice };
  const opened = await openGpu(async () => dawn(adapter));
  expect(opened.adapter).toBe(adapter);
  expect(asked).toMatchObject({ requiredLimits: { maxBufferSize: 5, maxComputeWorkgroupSizeX: 6 } });
  expect((asked as { requiredLimits: object }).requiredLimits).not.toHaveProperty("ofNoUse");
  expect((globalThis as Record<string, unknown>)["GPUFlagForTests"]).toBe(7);
  expect(Array).not.toBe(0);
});

it("shows a GPU where browsers have it for one call alone", () => {
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  const gpu = gpuOf(null);
  expect(withGpu(gpu, () => navigator.gpu)).toBe(gpu);
  expect(Object.getOwnPropertyDescriptor(globalThis, "navigator")).toEqual(before);
  expect(() => withGpu(gpu, () => { throw new Error("inside"); })).toThrow("inside"); // prettier-ignore
  expect(Object.getOwnPropertyDescriptor(globalThis, "navigator")).toEqual(before);
});
