import type { Dataset, Sprites, SpritesOptions } from "@isthmus/data";
import type { Json } from "@isthmus/graph";
import type { FitOptions } from "@isthmus/train";
import type { WasmEngine } from "@isthmus/wasm";

/** A family of results that is made again, beside what was published. */
export interface Reproduction {
  /** As in `npm run reproduce <name>`, and of its files. */
  readonly name: string;
  /** One line. */
  readonly what: string;
  /** Minutes of all seeds, about. */
  readonly minutes: number;
  /** Of the run that is published. Default: 1, 2 and 3. */
  readonly seeds?: readonly number[];
  /** What is learned from. Default: files, which must be had; noise and drawn shapes are made by code. */
  readonly data?: "files" | "made";
  readonly run: (context: Context) => Promise<Made>;
}

export interface Context {
  /** One training each, in this order. */
  readonly seeds: readonly number[];
  /** `usual`, unless the user asks for others. */
  readonly epochs: (usual: number) => number;
  /** @throws an expected error where the real digits cannot be had */
  readonly mnist: () => Promise<Splits>;
  /** What there is of CIFAR-10. */
  readonly cifar10: () => Promise<Splits>;
  readonly sprites: (options?: SpritesOptions) => Sprites;
  /** The build that gives the same bits on every machine. */
  readonly engine: WasmEngine;
  /**
   * Where checkpoints are kept: what a training of this name is to be told, so that it stores its own and goes on from the
   * last one that is there.
   */
  readonly kept?: (training: string) => Promise<Pick<FitOptions, "checkpoint" | "resume">>;
  /** Says how it goes on. */
  readonly tell: (line: string) => void;
}

export interface Splits {
  readonly train: Dataset;
  readonly test: Dataset;
}

/** What a run came to. */
export interface Made {
  readonly rows: readonly Row[];
  /** How it was trained, for whoever does it again. */
  readonly protocol: { readonly [name: string]: Json };
  /** Figures beside those of the rows. */
  readonly details?: { readonly [name: string]: Json };
  /** Drawings and pictures by what stands in their names between the family's and the ending: `{ "": svg, error: png }`. */
  readonly pictures: Readonly<Record<string, Uint8Array | string>>;
}

/** One measured figure, for every seed, beside the published one. */
export interface Row {
  /** Which network, and what is measured. */
  readonly what: string;
  /** `nats per image`; empty for a ratio. */
  readonly unit: string;
  /** What the data are to the network, and how it is measured. */
  readonly convention: string;
  /** As published, with whose it is. */
  readonly published: { readonly figures: string; readonly source: string } | null;
  readonly runs: readonly SeedRun[];
  /** Set before the run. */
  readonly line?: PassLine;
}

export interface SeedRun {
  readonly seed: number;
  readonly value: number;
  /** Training and measuring, wall clock; 0 where another row's training is measured. */
  readonly seconds: number;
}

/** Every seed's value has to be in it, or the values of so many; an open end is left out. */
export interface PassLine {
  readonly least?: number;
  readonly most?: number;
  /** Of the seeds, in (0, 1]. Default: 1. */
  readonly share?: number;
}

/** `undefined` without a line. */
export function passed({ runs, line }: Row): boolean | undefined {
  if (!line) return undefined;
  const { least = -Infinity, most = Infinity, share = 1 } = line;
  return runs.filter(({ value }) => value >= least && value <= most).length >= share * runs.length;
}
