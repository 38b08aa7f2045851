/** Whether this machine has a WebGPU adapter: without one the full tests fail, and this says so early. */
import { GraphBuilder } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import { createTfjsEngine } from "@isthmus/tfjs";
import { expect, it } from "vitest";

it("tfjs:webgpu computes where there is an adapter", async (context) => {
  const engine = await createTfjsEngine({ backend: "webgpu" }).catch((error: unknown) => {
    if (error instanceof IsthmusError && error.code === "TFJS_NO_DEVICE") context.skip(error.message);
    throw error;
  });
  const build = new GraphBuilder();
  const program = build.program({ outputs: { y: build.mul(build.input("x", [2]), build.scalar(3)) } });
  const executable = await engine.compile(program, engine.createState({}));
  const { outputs } = await executable.run({ x: Float32Array.of(1, -2) });
  expect(await outputs["y"]!.read()).toEqual(Float32Array.of(3, -6));
  engine.dispose();
});
