import type { Program, StoredTensor } from "@isthmus/graph";

/** The values of the state tensors a program reads, by name. */
export type Parameters = Readonly<Record<string, StoredTensor>>;

/** A program with the values that it reads. */
export interface Network {
  readonly program: Program;
  readonly parameters: Parameters;
}
