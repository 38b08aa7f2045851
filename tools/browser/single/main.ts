import { createWasmEngine } from "@isthmus/wasm/inline";
import { lossesOf } from "../site/losses.ts";

const status = document.querySelector<HTMLElement>("#status")!;

/** The page's only job is to be asked: `await trainHere(10)`. */
async function trainHere(steps: number): Promise<readonly number[]> {
  const engine = await createWasmEngine({ build: "simd128" });
  const losses = await lossesOf(engine, steps);
  engine.dispose();
  status.textContent = `Step ${steps}: ${losses.at(-1)!.toFixed(1)} nats.`;
  return losses;
}

Object.assign(globalThis, { trainHere });
