/** What the service's own process asks of those that run networks, and what these answer. */
import type { Geometry } from "@isthmus/codec";
import type { ModelFacts } from "./model-facts.ts";

interface Tasks {
  /** What a model file holds, whichever it is. */
  readonly inspect: { readonly given: { readonly file: Uint8Array }; readonly made: ModelFacts };
  /** Latents, [items, dims], to reconstructions, [items, features], as the network gives them. */
  readonly decode: {
    readonly given: { readonly latents: Float32Array; readonly items: number };
    readonly made: Float32Array;
  };
  /** The latents of a picture's tiles to the picture, [height, width, channels], as the network gives it. */
  readonly picture: {
    readonly given: {
      readonly latents: Float32Array;
      readonly items: number;
      readonly geometry: Geometry;
      readonly seamless: boolean;
    };
    readonly made: Float32Array;
  };
  /** A stream of the lossless profile to its items. */
  readonly lossless: {
    readonly given: { readonly stream: Uint8Array; readonly maxValues: number };
    readonly made: readonly LosslessStream[];
  };
  /** The encoder of a model in float32, as devices take it. */
  readonly bundle: { readonly given: { readonly quality: number }; readonly made: Uint8Array };
}

/** One of the streams that the bytes were. */
export interface LosslessStream {
  readonly items: number;
  readonly geometry?: Geometry;
  /** [items, ...shape], or [height, width, channels] of a picture. */
  readonly values: Uint8Array;
}

export type TaskName = keyof Tasks;
export type Given<N extends TaskName> = Tasks[N]["given"];
export type Made<N extends TaskName> = Tasks[N]["made"];
