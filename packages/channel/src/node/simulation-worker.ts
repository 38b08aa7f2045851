/** What a process of `simulateInParallel` runs. */
import { IsthmusError } from "@isthmus/math";
import { counted, NO_BLOCKS, Runner, type System } from "../blocks.ts";
import type { SystemRecipe } from "./simulate-in-parallel.ts";

/** Batches `from` to `to` - 1 at one Eb/N0. */
export interface Span {
  readonly ebNoDb: number;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
}

/** Of each batch wrong blocks, wrong bits and the sum of their squares; or what went wrong. */
export type Counted =
  | { readonly counts: Float64Array }
  | { readonly code: string; readonly message: string; readonly details: Readonly<Record<string, unknown>> };

type Message = SystemRecipe | Span;

let runner: Promise<Runner> | undefined;

/** The first message is the recipe, all others are spans. */
process.on("message", (message: Message) => {
  if ("module" in message) runner = cooked(message);
  else void answer(message).then((made) => process.send!(made));
});

async function cooked({ module, data }: SystemRecipe): Promise<Runner> {
  const { system } = (await import(module)) as { system: (data: unknown) => System | Promise<System> };
  return Runner.create(await system(data));
}

async function answer(span: Span): Promise<Counted> {
  try {
    return { counts: await count(span) };
  } catch (error) {
    if (!(error instanceof IsthmusError)) throw error;
    return { code: error.code, message: error.message, details: error.details };
  }
}

async function count({ ebNoDb, seed, from, to }: Span): Promise<Float64Array> {
  const counts = new Float64Array(3 * (to - from));
  const link = await runner!;
  for (let index = from; index < to; index++) {
    await link.run({ ebNoDb, seed, index });
    const { blockErrors, bitErrors, squaredBitErrors } = counted(NO_BLOCKS, link);
    counts.set([blockErrors, bitErrors, squaredBitErrors], 3 * (index - from));
  }
  return counts;
}
