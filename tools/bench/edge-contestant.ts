import { ANOMALY_FILES } from "./anomaly-names.ts";
import type { ContestantFacts } from "./protocol.ts";

/** Who encodes windows of sound, before anything is loaded but code and the bytes of files. */
export interface EdgeContestant {
  readonly facts: ContestantFacts;
  readonly openNetwork: () => Promise<EdgeNetwork>;
  /** The whole way from samples to a frame, where there is one. */
  readonly openEncoder?: () => Promise<EdgeEncoder>;
}

interface EdgeNetwork {
  /** One window as the network sees it to its outputs, as arrays of the language. */
  readonly run: (x: Float32Array) => ArrayLike<number> | Promise<ArrayLike<number>>;
  /** Outputs as codes, [8]. */
  readonly codes: (outputs: ArrayLike<number>) => ArrayLike<number>;
}

interface EdgeEncoder {
  /** One window in dB to a frame: how many bytes it is. */
  readonly encode: (samples: Float32Array) => number;
}

export const EDGE_CONTESTANTS = ["isthmus-int8", "isthmus-float", "ort", "ort-int8", "tfjs"] as const;
export type EdgeName = (typeof EDGE_CONTESTANTS)[number];

/** Nobody's code is loaded but theirs. */
export async function edgeContestant(who: EdgeName, folder: string): Promise<EdgeContestant> {
  switch (who) {
    case "isthmus-int8":
      return (await import("./edge-isthmus.ts")).edgeIsthmus(folder, ANOMALY_FILES.int8);
    case "isthmus-float":
      return (await import("./edge-isthmus.ts")).edgeIsthmus(folder, ANOMALY_FILES.float);
    case "ort":
      return (await import("./edge-ort.ts")).edgeOrt(folder, ANOMALY_FILES.onnx);
    case "ort-int8":
      return (await import("./edge-ort.ts")).edgeOrt(folder, ANOMALY_FILES.onnxInt8);
    case "tfjs":
      return (await import("./edge-tfjs.ts")).edgeTfjs(folder);
  }
}
