import { type Dim, GraphBuilder, include, type Node, type Program } from "@isthmus/graph";
import { PARITY_TOLERANCE, type Tolerance } from "./parity.ts";
import { type ExportableModel, type ModelPart, type PartOptions, partProgram, uint8Ports } from "./parts.ts";
import { inOrder } from "./rewrite.ts";

/** What an exported part should compute. */
export interface PartReference {
  /** With the file's own inputs and outputs, for any engine; its parameters are the model's. Bytes it makes are not rounded. */
  readonly program: Program;
  /** For `parity`: of the outputs that the file rounds to bytes. */
  readonly tolerances: Readonly<Record<string, Tolerance>>;
}

/**
 * What the file of a part should compute, by a program that knows nothing of how files are written. Options are those of
 * `exportModelPart`. Throws as that does.
 */
export function partReference(model: ExportableModel, part: ModelPart, options: PartOptions = {}): PartReference {
  const program = partProgram(model, part, options);
  const bytes = uint8Ports(program, options);
  const writer = new ReferenceWriter(bytes, options.layout === "nchw");
  return { program: writer.write(program), tolerances: Object.fromEntries(bytes.map((name) => [name, ROUNDED])) };
}

/** A number that is rounded is off by half of a byte more than its 255-fold is. */
const LARGEST = 255;
const ROUNDED: Tolerance = { ...PARITY_TOLERANCE, absolute: 0.5 + LARGEST * PARITY_TOLERANCE.absolute };

/** To channels first, and back. */
const FIRST = [0, 3, 1, 2] as const;
const LAST = [0, 2, 3, 1] as const;

class ReferenceWriter {
  private readonly build: GraphBuilder = new GraphBuilder();
  private readonly bytes: readonly string[];
  private readonly isChannelsFirst: boolean;

  constructor(bytes: readonly string[], isChannelsFirst: boolean) {
    this.bytes = bytes;
    this.isChannelsFirst = isChannelsFirst;
  }

  write(program: Program): Program {
    const fed = inOrder(program.inputs).map(([name, id]) => [name, this.input(name, program.nodes[id]!)] as const);
    const nodes = include(this.build, program, Object.fromEntries(fed));
    const outputs = inOrder(program.outputs).map(([name, id]) => [name, this.output(name, nodes[id]!)] as const);
    return this.build.program({ outputs: Object.fromEntries(outputs) });
  }

  private input(name: string, { shape, dtype }: Node): Node {
    const { build } = this;
    const isTurned = this.isChannelsFirst && shape.length === 4;
    const fileShape = isTurned ? FIRST.map((axis): Dim => shape[axis]!) : shape;
    const isBytes = this.bytes.includes(name);
    const given = build.input(name, fileShape, isBytes ? "u8" : dtype);
    const numbers = isBytes ? build.div(build.cast(given), build.scalar(LARGEST)) : given;
    return isTurned ? build.transpose(numbers, LAST) : numbers;
  }

  private output(name: string, made: Node): Node {
    const { build } = this;
    const turned = this.isChannelsFirst && made.shape.length === 4 ? build.transpose(made, FIRST) : made;
    if (!this.bytes.includes(name)) return turned;
    const scaled = build.mul(turned, build.scalar(LARGEST));
    return build.maximum(build.minimum(scaled, build.scalar(LARGEST)), build.scalar(0));
  }
}
