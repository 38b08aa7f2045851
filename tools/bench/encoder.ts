import { initialise, type Program } from "@isthmus/graph";
import { vae } from "@isthmus/models";

/** The encoder that everyone runs, with fresh weights. */
export const encoder: Program = vae().encoder;
export const encoderWeights: Readonly<Record<string, Float32Array>> = initialise(encoder.state, 1);

/** Layers in the order in which `encoder.f32` holds their kernels, [in, out], and biases. */
export const LAYERS = ["encoder.dense0", "encoder.mu", "encoder.logVar"] as const;
