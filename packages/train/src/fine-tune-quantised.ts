import { type ActivationRanges, fakeQuantiseNetwork, type Grid } from "@isthmus/deploy";
import { GraphBuilder, include, type Node, type Program, type StoredTensor } from "@isthmus/graph";
import type { Trainable } from "@isthmus/models";
import { fit, type FitOptions, type FitResult, type TrainingData } from "./fit.ts";

/** Those of `fit`. Default: 3 epochs, at a learning rate that falls from 1e-4 as a cosine. */
export interface FineTuneQuantisedOptions extends Omit<FitOptions, "initial"> {
  /** The trained model's, all of them. */
  readonly parameters: Readonly<Record<string, StoredTensor>>;
  /** Of the encoder, as `calibrate` gives them for these outputs. */
  readonly ranges: ActivationRanges;
  /** The encoder's outputs that will be made in integers, and the grid that each snaps to. */
  readonly outputs: Readonly<Record<string, Grid>>;
}

/**
 * Quantisation-aware training of a trained model's encoder, for when calibration alone leaves too many integers other than those of the
 * encoder in floats. The encoder is run as `quantiseNetwork` rounds it, with the same ranges, and its weights are moved until its outputs are
 * those that it had in floats:
 *
 *     loss = the mean of ((y - y in floats) / step)^2
 *
 * with gradients that pass what is rounded. Decoder, bins and frequency tables stay what they are, and so do the streams that the model
 * reads. Everything else is `fit`'s. Metrics are, of an item, `bins` (that mean) and `equal` (the share of its integers that are those of
 * floats).
 *
 * @returns the model's parameters, those of its encoder trained, with which `quantiseNetwork` makes the integers of these ranges
 * @throws as `fit` and `quantiseNetwork`; RangeError for parameters that the encoder reads and are not there
 */
export async function fineTuneQuantised(
  definition: Trainable,
  data: TrainingData,
  { parameters, ranges, outputs, ...options }: FineTuneQuantisedOptions,
): Promise<FitResult> {
  const rounded = fakeQuantiseNetwork(definition.encoder, { ranges, outputs });
  const own = Object.keys(rounded.state);
  for (const name of own) requireParameter(parameters, name);
  const frozen = Object.fromEntries(own.map((name) => [FROZEN + name, parameters[name]!]));
  const result = await fit(quantisationAware(definition, rounded, outputs), data, {
    ...{
      epochs: DEFAULT_EPOCHS,
      learningRate: { kind: "cosine", rate: 1e-4, epochs: options.epochs ?? DEFAULT_EPOCHS },
    },
    ...options,
    initial: { ...pick(parameters, own), ...frozen },
  });
  return { ...result, parameters: { ...parameters, ...pick(result.parameters, own) } };
}

const DEFAULT_EPOCHS = 3;

/** What the encoder's tensors are called as they were in floats. */
const FROZEN = "float.";

function requireParameter(parameters: Readonly<Record<string, StoredTensor>>, name: string): void {
  if (Object.hasOwn(parameters, name)) return;
  throw new RangeError(`"parameters" expected all that the encoder reads, and has no "${name}"`);
}

function pick<T>(from: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(names.map((name) => [name, from[name]!]));
}

/** The encoder alone, as it is `rounded` beside what it was in floats. */
function quantisationAware(
  definition: Trainable,
  rounded: Program,
  outputs: FineTuneQuantisedOptions["outputs"],
): Trainable {
  const { kind, config, encoder, decoder } = definition;
  const program = (make: (build: GraphBuilder, pairs: readonly Pair[]) => Record<string, Node>): Program => {
    const build = new GraphBuilder();
    const [y, float] = [include(build, rounded), include(build, renamed(encoder))];
    const pairs = Object.entries(outputs).map(([name, grid]): Pair => {
      const [made, wanted] = [y[rounded.outputs[name]!]!, float[encoder.outputs[name]!]!];
      return binned(build, { made, wanted }, grid);
    });
    return build.program({ outputs: make(build, pairs) });
  };
  const loss = program((build, pairs) => ({ loss: build.mean(bins(build, pairs)) }));
  return {
    ...{ config, encoder, decoder },
    kind: `${kind}, quantisation-aware`,
    parameters: loss.state,
    evaluation: program((build, pairs) => ({ bins: bins(build, pairs), equal: equal(build, pairs) })),
    phases: [{ name: "quantisation-aware", loss, parameters: Object.keys(rounded.state) }],
  };
}

/** An output in bins, [batch, numbers]: as integers make it, and as floats did. */
interface Pair {
  readonly made: Node;
  readonly wanted: Node;
}

function binned(build: GraphBuilder, { made, wanted }: Pair, { steps, offsets = [0] }: Grid): Pair {
  const numbers = made.shape.at(-1) as number;
  const row = (values: ArrayLike<number>): Node =>
    build.constant(
      [numbers],
      Array.from({ length: numbers }, (_, i) => values[i % values.length]!),
    );
  const inBins = (y: Node): Node => build.div(build.sub(y, row(offsets)), row(steps));
  return { made: inBins(made), wanted: inBins(wanted) };
}

/** The mean squared distance in bins, [batch]. */
function bins(build: GraphBuilder, pairs: readonly Pair[]): Node {
  return overAll(build, pairs, ({ made, wanted }) => build.square(build.sub(made, wanted)));
}

/** The share of equal integers, [batch]. */
function equal(build: GraphBuilder, pairs: readonly Pair[]): Node {
  return overAll(build, pairs, ({ made, wanted }) => build.equal(build.round(made), build.round(wanted)));
}

/** The mean over all numbers of all outputs, [batch]. */
function overAll(build: GraphBuilder, pairs: readonly Pair[], of: (pair: Pair) => Node): Node {
  const flat = pairs.map((pair) => {
    const value = of(pair);
    const [, ...sizes] = value.shape as readonly [unknown, ...number[]];
    return build.reshape(value, ["batch", sizes.reduce((product, size) => product * size, 1)]);
  });
  return build.mean(flat.length === 1 ? flat[0]! : build.concat(flat, 1), { axes: [1] });
}

/** The program with other names for its state, so that it can stand beside itself. */
function renamed(program: Program): Program {
  const named = (name: string): string => FROZEN + name;
  return {
    ...program,
    nodes: program.nodes.map((node) =>
      node.op === "state"
        ? { ...node, attributes: { ...node.attributes, name: named(node.attributes["name"] as string) } }
        : node,
    ),
    state: Object.fromEntries(Object.entries(program.state).map(([name, tensor]) => [named(name), tensor])),
  };
}
