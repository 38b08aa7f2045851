import type { GraphBuilder, Node, Program, StoredTensor } from "@isthmus/graph";
import { sameShape } from "@isthmus/graph";
import { hasBatch, type Known } from "./known.ts";
import type { Destination } from "./node-reader.ts";

/** The weights of a file as state of a graph, under their names in the file; numbers without an axis as constants. */
export class ParameterStore implements Destination {
  readonly build: GraphBuilder;
  private readonly prefix: string;
  private readonly tensors = new Map<string, StoredTensor & { readonly data: Float32Array }>();
  /** Parameters by the name that the file has for them: one may be needed in several orders. */
  private readonly variants = new Map<string, string[]>();
  private readonly origins = new Map<Node, Known>();

  constructor(build: GraphBuilder, prefix: string) {
    this.build = build;
    this.prefix = prefix;
  }

  /** @throws RangeError values that are not finite */
  place(known: Known): Node {
    const data = new Float32Array(numbersOf(known));
    if (known.shape.length === 0) return this.build.constant(known.shape, [...data]);
    const wrong = data.find((value) => !Number.isFinite(value));
    if (wrong !== undefined) throw new RangeError(`"${known.name}" holds ${wrong}; a model's parameters are finite`);
    const name = this.nameOf(known.name, known.shape, data);
    const node = this.build.state(name, { shape: [...known.shape], init: { kind: "zeros" } });
    this.tensors.set(name, { shape: [...known.shape], data });
    this.origins.set(node, known);
    return node;
  }

  placed(node: Node): Known | undefined {
    return this.origins.get(node);
  }

  /**
   * The program with what it reads. A parameter that only the program's making needed in another order too has the file's
   * own name after all.
   */
  finished(program: Program): { readonly program: Program; readonly parameters: Record<string, StoredTensor> } {
    const used = Object.keys(program.state);
    const names = new Map(used.map((name) => [name, name]));
    for (const [origin, variants] of this.variants) {
      const kept = variants.filter((name) => names.has(name));
      const wanted = this.prefix + origin;
      if (kept.length === 1 && kept[0] !== wanted && wanted !== "" && !names.has(wanted)) names.set(kept[0]!, wanted);
    }
    const parameters = used.map((name) => [names.get(name)!, this.tensors.get(name)!] as const);
    return { program: renamed(program, names), parameters: Object.fromEntries(parameters) };
  }

  /** The file's name; with a number behind it where another tensor is called so. */
  private nameOf(origin: string, shape: readonly number[], data: Float32Array): string {
    const variants = this.variants.get(origin) ?? [];
    this.variants.set(origin, variants);
    const known = variants.find((name) => isSame(this.tensors.get(name)!, shape, data));
    if (known !== undefined) return known;
    let number = 1;
    let name = this.prefix + origin;
    while (this.tensors.has(name) || name === "") name = `${this.prefix}${origin}.${++number}`;
    variants.push(name);
    return name;
  }
}

/** The program with state tensors called otherwise. */
function renamed(program: Program, names: ReadonlyMap<string, string>): Program {
  const nodes = program.nodes.map((node): Node => {
    if (node.op !== "state") return node;
    const name = names.get(node.attributes["name"] as string)!;
    return { ...node, attributes: { ...node.attributes, name }, name };
  });
  const state = Object.entries(program.state).map(([name, tensor]) => [names.get(name)!, tensor] as const);
  return { ...program, nodes, state: Object.fromEntries(state.sort(([a], [b]) => (a < b ? -1 : 1))) };
}

function isSame(tensor: StoredTensor, shape: readonly number[], data: Float32Array): boolean {
  return sameShape(tensor.shape, shape) && data.every((value, i) => Object.is(value, tensor.data[i]));
}

function numbersOf(known: Known): ArrayLike<number> {
  if (!hasBatch(known)) return known.data as ArrayLike<number>;
  throw new RangeError(`"${known.name}" holds the size of the batch, which only a run knows`);
}
