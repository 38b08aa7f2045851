import { type EngineState, formatShape, initialise, sameShape, type StoredTensor } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import type { InitialTensors } from "./initial-tensors.ts";

/** Writes the first values: those of `initial`, the others drawn from the seed, optimiser slots zero. */
export async function writeInitial(state: EngineState, seed: number, initial: InitialTensors = {}): Promise<void> {
  for (const [name, drawn] of Object.entries(initialise(state.spec, seed))) {
    await state.write(name, (initial[name]?.data as Float32Array | undefined) ?? drawn);
  }
}

/**
 * Writes stored tensors back, which must be exactly those of the state.
 *
 * @throws IsthmusError `CHECKPOINT_INVALID`
 */
export async function writeTensors(state: EngineState, tensors: Readonly<Record<string, StoredTensor>>): Promise<void> {
  const strange = Object.keys(tensors).find((name) => !Object.hasOwn(state.spec, name));
  if (strange !== undefined) throw invalid(`tensor "${strange}" is not part of this training`);
  for (const [name, { shape }] of Object.entries(state.spec)) {
    const tensor = tensors[name];
    if (!(tensor?.data instanceof Float32Array) || !sameShape(tensor.shape, shape)) {
      throw invalid(
        `tensor "${name}" expected f32 ${formatShape(shape)}, got ${tensor ? formatShape(tensor.shape) : "none"}`,
      );
    }
    await state.write(name, tensor.data);
  }
}

function invalid(message: string): IsthmusError {
  return new IsthmusError("CHECKPOINT_INVALID", `checkpoint: ${message}`);
}

/**
 * A copy of the tensors `names` of a state.
 *
 * @throws IsthmusError `TRAIN_NON_FINITE`: an infinite gradient under a finite loss leaves such values behind, and they
 * must not be stored
 */
export async function readTensors(state: EngineState, names: readonly string[]): Promise<Record<string, StoredTensor>> {
  const tensors: Record<string, StoredTensor> = {};
  for (const name of names) {
    const data = await state.read(name);
    if (!data.every(Number.isFinite)) {
      throw new IsthmusError("TRAIN_NON_FINITE", `training stopped: tensor "${name}" is not finite`, { tensor: name });
    }
    tensors[name] = { shape: state.spec[name]!.shape, data };
  }
  return tensors;
}
