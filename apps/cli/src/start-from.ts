import { UsageError } from "@isthmus/command-line/node";
import { formatShape, type JsonObject, sameShape } from "@isthmus/graph";
import type { ModelDefinition } from "@isthmus/models";
import { initialFingerprint, type InitialTensors } from "@isthmus/train";
import { openModel } from "./model-files.ts";

/** What a training begins from instead of drawn values. */
export interface Start {
  readonly tensors: InitialTensors;
  /** For the model file: what kind of model they are of, which tensors and a hash of them. No path: it is this machine's. */
  readonly json: JsonObject;
  /** For people. */
  readonly text: string;
}

/**
 * The tensors of a model file that a model has too, by name.
 *
 * @throws UsageError where one has another shape
 */
export async function openStart(path: string, { parameters }: ModelDefinition): Promise<Start> {
  const from = await openModel(path);
  const shared = Object.entries(from.parameters).filter(([name]) => Object.hasOwn(parameters, name));
  for (const [name, { shape }] of shared) {
    const wanted = parameters[name]!.shape;
    if (sameShape(shape, wanted)) continue;
    const [here, there] = [formatShape(wanted), formatShape(shape)];
    throw new UsageError(`--start-from ${path}: its "${name}" is ${there}, that of the model to train ${here}`);
  }
  const tensors = Object.fromEntries(shared);
  const drawn = Object.keys(parameters).filter((name) => !Object.hasOwn(tensors, name));
  const rest = drawn.length === 0 ? "" : `; drawn: ${drawn.join(", ")}`;
  return {
    tensors,
    json: { kind: from.kind, tensors: Object.keys(tensors), sha256: initialFingerprint(tensors) },
    text: `starts from ${shared.length} tensors of ${path} (${from.kind})${rest}`,
  };
}
