/** What an adapter says of itself. */
import { expect, it } from "vitest";
import { describedAdapter } from "../src/probe.ts";

const limits = {
  ...{ maxBufferSize: 5, maxStorageBufferBindingSize: 6, maxComputeInvocationsPerWorkgroup: 7 },
  ...{ maxComputeWorkgroupStorageSize: 8, maxBindGroups: 9 },
};
const info = { vendor: "maker", architecture: "kind", device: "card", description: "Maker's card" };
const described = (adapter: object) => describedAdapter({ info, limits, ...adapter } as unknown as GPUAdapter);

it("is told with the limits that decide how large arrays may be", () => {
  const { maxBindGroups, ...told } = limits;
  expect(maxBindGroups).toBe(9);
  expect(described({})).toEqual({ ...info, software: false, limits: told });
});

it.each([
  ["its info says so", { info: { ...info, isFallbackAdapter: true } }],
  ["an older browser's adapter says so", { isFallbackAdapter: true }],
  ["it is SwiftShader", { info: { ...info, architecture: "swiftshader" } }],
  ["it is Mesa's", { info: { ...info, description: "llvmpipe (LLVM 15.0.6, 256 bits)" } }],
  ["it is Windows's", { info: { ...info, description: "Microsoft Basic Render Driver" } }],
])("is software where %s", (_, adapter) => {
  expect(described(adapter).software).toBe(true);
});
