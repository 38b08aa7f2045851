import { dense, GraphBuilder, initialise, type Node, type Program } from "@isthmus/graph";
import type { ExportableModel } from "../../src/index.ts";

export interface Sizes {
  readonly pixels: number;
  readonly hidden: number;
  readonly latent: number;
}

/** The standard size, and one where no two sizes are equal, even or divisible. */
export const sizes: Record<string, Sizes> = {
  standard: { pixels: 784, hidden: 400, latent: 20 },
  odd: { pixels: 11, hidden: 7, latent: 3 },
};

export function encoderProgram({ pixels, hidden, latent }: Sizes, kind: "ae" | "vae"): Program {
  const build = new GraphBuilder();
  const h = dense(build, build.input("x", ["batch", pixels]), {
    name: "encoder.dense0",
    units: hidden,
    activation: "relu",
  });
  const head = (name: string) => dense(build, h, { name: `encoder.${name}`, units: latent });
  const outputs: Record<string, Node> = kind === "vae" ? { mu: head("mu"), logVar: head("logVar") } : { z: head("z") };
  return build.program({ outputs });
}

function decoderProgram({ pixels, hidden, latent }: Sizes): Program {
  const build = new GraphBuilder();
  const h = dense(build, build.input("z", ["batch", latent]), {
    name: "decoder.dense0",
    units: hidden,
    activation: "relu",
  });
  const logits = dense(build, h, { name: "decoder.logits", units: pixels });
  return build.program({ outputs: { logits, reconstruction: build.sigmoid(logits, "decoder/sigmoid") } });
}

/** Weights as `initialise` draws them. */
export function parametersOf(...programs: readonly Program[]): ExportableModel["parameters"] {
  const spec = Object.assign({}, ...programs.map((program) => program.state)) as Program["state"];
  const values = Object.entries(initialise(spec, 7));
  return Object.fromEntries(values.map(([name, data]) => [name, { shape: spec[name]!.shape, data }]));
}

export function denseModel(size: Sizes, kind: "ae" | "vae" = "vae"): ExportableModel {
  const encoder = encoderProgram(size, kind);
  const decoder = decoderProgram(size);
  return { encoder, decoder, parameters: parametersOf(encoder, decoder) };
}

/** A small fixed number for each index: irregular, in (-1, 1), the same on every machine. */
export function pseudoRandom(count: number, salt = 0): Float32Array {
  let state = 0x9e3779b9 ^ salt;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >> 8) / 2 ** 23;
  });
}
