import type { Node, Program } from "@isthmus/graph";
import { convolutions } from "./channels-first.ts";
import { float, int, type Value } from "./graph-writer.ts";
import type { NodeWriter } from "./node-writer.ts";
import { countUses } from "./rewrite.ts";

/** A matrix product, or a convolution, whose only reader adds a bias: one Gemm, or Conv. */
export interface Gemm {
  readonly product: Node;
  readonly bias: Node;
}

/** Additions that become part of a Gemm or Conv, by their id. */
export function findGemms(program: Program): ReadonlyMap<number, Gemm> {
  const uses = countUses(program);
  const found = new Map<number, Gemm>();
  for (const node of program.nodes.filter(({ op }) => op === "add")) {
    const [a, b] = node.inputs.map((id) => program.nodes[id]!) as [Node, Node];
    const fits = (product: Node, bias: Node) =>
      (product.op === "matmul" || convolutions.has(product.op)) &&
      uses[product.id] === 1 &&
      bias.shape.length === 1 &&
      bias.shape[0] === product.shape.at(-1);
    if (fits(a, b)) found.set(node.id, { product: a, bias: b });
    else if (fits(b, a)) found.set(node.id, { product: b, bias: a });
  }
  return found;
}

/**
 * `A B + bias`, or `A B`, with `write.inputs` = A, B and perhaps bias. B may be read transposed as it is stored; A is
 * transposed by a node of its own, since several runtimes want transA = 0.
 */
export function writeGemm(write: NodeWriter, product: Node): void {
  const [a, ...others] = write.inputs as [Value, ...Value[]];
  const { transposeA, transposeB } = product.attributes;
  write.result("Gemm", [transposeA ? write.transposed("transposed_a", a) : a, ...others], {
    alpha: float(1),
    beta: float(1),
    transA: int(0),
    transB: int(transposeB ? 1 : 0),
  });
}

/** `encoder/dense0` for the product `encoder/dense0/matmul` (or `conv`) and its addition `encoder/dense0/bias`. */
export function gemmName(add: Node, { product }: Gemm): string | undefined {
  const parent = (node: Node) => node.name?.split("/").slice(0, -1).join("/");
  const shared = parent(add);
  return shared && shared === parent(product) ? shared : add.name;
}
