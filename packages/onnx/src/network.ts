import type { Program, StoredTensor } from "@isthmus/graph";

/** The values of the state tensors a program reads, by name. */
export type Parameters = Readonly<Record<string, StoredTensor>>;

/** A state tensor whose values are there or are made when they are asked for. Nobody changes them. */
export interface Weight {
  readonly shape: readonly number[];
  readonly values: () => Float32Array;
}

export type Weights = Readonly<Record<string, Weight>>;

/** A program with the values that it reads. */
export interface Network {
  readonly program: Program;
  readonly weights: Weights;
}

/** Parameters that are float32. */
export function weightsOf(parameters: Parameters): Weights {
  const weights = Object.entries(parameters).map(([name, { shape, data }]): [string, Weight] => {
    return [name, { shape, values: () => data as Float32Array }];
  });
  return Object.fromEntries(weights);
}
