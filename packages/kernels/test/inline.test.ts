/** The entry with all bytes inside: the same bytes. */
import { type KernelBuild, kernelBytes } from "@isthmus/kernels";
import * as inline from "@isthmus/kernels/inline";
import { expect, it } from "vitest";

const builds: readonly KernelBuild[] = ["simd128", "relaxed"];

it.each(builds.flatMap((build) => [false, true].map((threaded) => [build, threaded] as const)))(
  "%s, threaded: %s, is what the root entry loads",
  async (build, threaded) => {
    expect(await inline.kernelBytes(build, threaded)).toEqual(await kernelBytes(build, threaded));
  },
);

it("refuses a build that there is not, as the root entry does", async () => {
  const refused = new RangeError(`"build" expected "simd128" or "relaxed", got "mmx"`);
  await expect(inline.kernelBytes("mmx" as never)).rejects.toThrow(refused);
  await expect(kernelBytes("mmx" as never)).rejects.toThrow(refused);
});

it("loads kernels over a memory", async () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { build, exports } = await inline.loadKernels({ build: "simd128", memory });
  new Float32Array(memory.buffer, 0, 4).set([1, -2, 3, -4]);
  exports.abs(0, 64, 4);
  expect([build, ...new Float32Array(memory.buffer, 64, 4)]).toEqual(["simd128", 1, 2, 3, 4]);
});
