import { elementCount, GraphBuilder, include, latentWidth, type Model, type Program } from "@isthmus/graph";
import type { BaseConfig, ModelDefinition } from "@isthmus/models";

/**
 * The definition of a model that came out of ONNX files: its own programs, measured by the squared error of what it makes of
 * its items. Its numbers are what the files take them for, so there is no likelihood to speak of.
 *
 * @throws RangeError a configuration that is not that of the programs
 */
export function importedDefinition({ kind, config: stored, encoder, decoder }: Model): ModelDefinition {
  const { inputShape, latent, codes } = stored;
  const isShape = Array.isArray(inputShape) && inputShape.every((size) => Number.isSafeInteger(size) && size > 0);
  const features = isShape ? elementCount(inputShape) : Number.NaN;
  const taken = codes === true ? latent : features;
  const sizes = [width(encoder, "inputs", "x"), latentWidth(encoder), width(decoder, "inputs", "z")];
  if (String(sizes) !== String([taken, latent, latent]) || width(decoder, "outputs", "reconstruction") !== features) {
    throw new RangeError(`an imported model whose programs are not of its configuration`);
  }
  const config: BaseConfig = {
    inputShape: inputShape as number[],
    latent: latent as number,
    trunk: { kind: "dense", hidden: [], activation: "relu" },
    likelihood: { kind: "gaussian", variance: "fixed", value: 1 },
    binarize: "none",
  };
  const parameters = { ...encoder.state, ...decoder.state };
  return { kind, config, parameters, encoder, decoder, evaluation: evaluation(encoder, decoder), phases: [] };
}

/** Of an input or output [batch, so many]. */
function width(program: Program, port: "inputs" | "outputs", name: string): number | undefined {
  const shape = program.nodes[program[port][name] ?? -1]?.shape;
  return shape?.length === 2 && typeof shape[1] === "number" ? shape[1] : undefined;
}

function evaluation(encoder: Program, decoder: Program): Program {
  const build = new GraphBuilder();
  const code = include(build, encoder)[encoder.outputs["mu"] ?? encoder.outputs["z"]!]!;
  const reconstruction = include(build, decoder, { z: code })[decoder.outputs["reconstruction"]!]!;
  const items = include(build, encoder)[encoder.inputs["x"]!]!;
  if (String(items.shape) !== String(reconstruction.shape)) return build.program({ outputs: { code } });
  const error = build.sum(build.square(build.sub(items, reconstruction)), { axes: [1] });
  return build.program({ outputs: { squaredError: error } });
}
