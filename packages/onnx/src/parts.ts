/** The programs that are exported of a model: its networks, alone or one after the other, in the user's shapes and units. */
import {
  elementCount,
  formatShape,
  GraphBuilder,
  include,
  type Model,
  type Node,
  type Program,
  type Shape,
} from "@isthmus/graph";
import { noiseInputs } from "./noise.ts";
import { inOrder, selected } from "./rewrite.ts";
import { standardised, type Units, unstandardised } from "./units.ts";

/**
 * `encoder`: x -> the code; `decoder`: z -> reconstruction; `autoencoder`: x -> the code and the reconstruction from it; `prior`:
 * noise -> a z drawn from the prior.
 */
export type ModelPart = "encoder" | "decoder" | "autoencoder" | "prior";

/** A model as ONNX needs of it: of a model file, of a definition with its parameters, or of both. */
export type ExportableModel = Pick<Model, "encoder" | "decoder" | "parameters" | "coding"> &
  Partial<Pick<Model, "kind" | "config" | "prior" | "data" | "provenance" | "metrics">> & {
    /** `x`, noise -> `z` drawn from q(z given x), where there is one: `posterior` of a definition. */
    readonly posterior?: Program;
  };

export interface PartOptions {
  /**
   * Whether the code is a draw z of q(z given x) whose noise is an input: `eps`, standard normal, where q is Gaussian. With zeros
   * fed, z is its mean. Default: false.
   */
  readonly sample?: boolean;
  /** Items as images of that order of axes. Default: flat, [batch, features]. */
  readonly layout?: "nhwc" | "nchw";
  /** What the user's numbers are, where the file is to take and give those. Default: the network's own. */
  readonly units?: Units;
  /** Whether `x` and `reconstruction` are bytes, k for k / 255, rounded on the way out. Default: false. */
  readonly uint8?: boolean;
  /** The outputs that are wanted, and the inputs that they need. Default: all. */
  readonly outputs?: readonly string[];
}

const parts: Readonly<Record<ModelPart, (writer: PartWriter) => Record<string, Node>>> = {
  encoder: (writer) => writer.encoded(),
  decoder: (writer) => writer.decoded(writer.input("z", writer.model.decoder)),
  autoencoder: (writer) => {
    const code = writer.encoded();
    const told = writer.decoded(code["z"] ?? code["mu"] ?? writer.refuse(`an encoder with the output "mu" or "z"`));
    const clashing = Object.keys(told).filter((name) => name in code);
    for (const name of clashing) {
      told[`reconstruction${name[0]!.toUpperCase()}${name.slice(1)}`] = told[name]!;
      delete told[name];
    }
    return { ...code, ...told };
  },
  prior: (writer) => writer.all(writer.model.prior ?? writer.refuse("a model with a prior"), {}),
};

/**
 * The program of a part, noise that it needs being inputs.
 *
 * @throws RangeError an unknown part or output, one that the model lacks, items that are no images
 */
export function partProgram(model: ExportableModel, part: ModelPart, options: PartOptions = {}): Program {
  return noiseInputs(drawingProgram(model, part, options));
}

/** The same, drawing its noise itself. */
export function drawingProgram(model: ExportableModel, part: ModelPart, options: PartOptions): Program {
  if (!Object.hasOwn(parts, part)) {
    throw new RangeError(`"part" expected ${Object.keys(parts).join(", ")}, got "${String(part)}"`);
  }
  const writer = new PartWriter(model, part, options);
  return selected(writer.build.program({ outputs: parts[part](writer) }), options.outputs);
}

/** The inputs and outputs that are bytes in the file. */
export function uint8Ports({ inputs, outputs }: Program, { uint8 = false }: PartOptions): string[] {
  return uint8 ? ["x", "reconstruction"].filter((name) => Object.hasOwn({ ...inputs, ...outputs }, name)) : [];
}

class PartWriter {
  readonly build: GraphBuilder = new GraphBuilder();
  readonly model: ExportableModel;
  private readonly part: ModelPart;
  private readonly options: PartOptions;

  constructor(model: ExportableModel, part: ModelPart, options: PartOptions) {
    this.model = model;
    this.part = part;
    this.options = options;
  }

  refuse(expected: string): never {
    throw new RangeError(`"model" expected ${expected} for the part "${this.part}"`);
  }

  /** The outputs of a program in this graph. */
  all(program: Program, fed: Readonly<Record<string, Node>>): Record<string, Node> {
    const nodes = include(this.build, program, fed);
    return Object.fromEntries(inOrder(program.outputs).map(([name, id]) => [name, nodes[id]!]));
  }

  /** An input as the program has it. */
  input(name: string, program: Program): Node {
    const { shape, dtype } = this.inputOf(program, name);
    return this.build.input(name, shape, dtype);
  }

  private inputOf({ nodes, inputs }: Program, name: string): Node {
    return nodes[inputs[name] ?? -1] ?? this.refuse(`a program with the input "${name}"`);
  }

  /** What the encoder puts out, and a drawn `z` on request. */
  encoded(): Record<string, Node> {
    const { encoder, posterior } = this.model;
    const x = this.items(encoder);
    const code = this.all(encoder, { x });
    if (!this.options.sample) return code;
    return { ...code, ...this.all(posterior ?? this.refuse(`a model with its "posterior" to draw from`), { x }) };
  }

  /** What the decoder makes of `z`, in the shape, and the mean in the units, of the user's items. */
  decoded(z: Node): Record<string, Node> {
    const outputs = this.all(this.model.decoder, { z });
    const { units } = this.options;
    const { reconstruction } = outputs;
    if (units && reconstruction) outputs["reconstruction"] = unstandardised(this.build, reconstruction, units);
    const shaped = Object.entries(outputs).map(([name, node]) => [name, this.build.reshape(node, this.shapeOf(node))]);
    return Object.fromEntries(shaped) as Record<string, Node>;
  }

  /** The user's items as the encoder wants them. */
  private items(encoder: Program): Node {
    const wanted = this.inputOf(encoder, "x");
    const { units } = this.options;
    const x = this.build.input("x", this.shapeOf(wanted), wanted.dtype);
    const flat = this.build.reshape(x, wanted.shape);
    return units ? standardised(this.build, flat, units) : flat;
  }

  private shapeOf(rows: Node): Shape {
    const { layout } = this.options;
    if (!layout) return rows.shape;
    const size = this.model.config?.["inputShape"];
    const isImage = Array.isArray(size) && size.length === 3;
    if (isImage && elementCount(size as number[]) === rows.shape[1]) return ["batch", ...(size as number[])];
    const got = isImage ? `${formatShape(rows.shape)} for items of ${formatShape(size as number[])}` : "others";
    throw new RangeError(`"layout" expected items that are images [height, width, channels], got ${got}`);
  }
}
