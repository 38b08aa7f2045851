import { AdamSchedule } from "@isthmus/graph";
import type { WasmEngine } from "@isthmus/wasm";
import { vaeData, vaeTraining } from "../../graph/test/conformance/vae-programs.ts";

/** Large enough at batch 64 that products, sums, losses and Adam are all divided; no width is a multiple of a tile. */
const SIZES = { pixels: 603, hidden: 203, latent: 21 };
const BATCH = 64;

/** All of the state, to the bit, after some steps of training; the loss of each step comes first. */
export async function trainedBits(engine: WasmEngine, steps: number): Promise<Buffer> {
  const program = vaeTraining(SIZES);
  const { inputs, state: initial } = vaeData(program, SIZES, BATCH);
  const state = engine.createState(program.state);
  for (const [name, values] of Object.entries(initial)) await state.write(name, values);
  const executable = await engine.compile(program, state);
  const schedule = new AdamSchedule();
  const [stepSize, secondScale] = [new Float32Array(1), new Float32Array(1)];
  const seen: Float32Array[] = [];
  for (let step = 0; step < steps; step++) {
    schedule.advance();
    schedule.write(1e-3, stepSize, secondScale);
    const feed = {
      ...inputs,
      step: Int32Array.of(step, 0),
      "adam.stepSize": stepSize,
      "adam.secondScale": secondScale,
    };
    const { outputs, committed } = await executable.run(feed);
    if (!committed) throw new Error(`step ${step} diverged`);
    seen.push(await outputs["loss"]!.read());
  }
  for (const name of Object.keys(program.state)) seen.push(await state.read(name));
  executable.dispose();
  state.dispose();
  return Buffer.concat(seen.map((values) => Buffer.from(values.buffer)));
}
