/** Nodes on their own, each a little different from one that its operator's form has: what two judges may be asked about. */
import { checkNode } from "../../src/check/nodes.ts";
import { type Fact, factOf } from "../../src/check/fact.ts";
import type { Form } from "../../src/check/operator.ts";
import { formOf, operators } from "../../src/check/operators.ts";
import type { AttributeValue, OnnxNode, Tensor, ValueInfo } from "../../src/messages.ts";
import { fileOf, integers, port, weights } from "./files.ts";

type Attributes = Readonly<Record<string, AttributeValue>>;

/** Numbers that an operator needs to know before a run. */
interface Known {
  readonly numbers: readonly number[];
}

/** What an operator is fed where a matrix will not do, and told where nothing will not do. */
interface Recipe {
  /** One for each input that any form has: a shape, or numbers. Default: [2, 3]. */
  readonly inputs?: readonly (readonly number[] | Known)[];
  readonly outputs?: number;
  readonly attributes?: Attributes;
  /** Attributes that take the place of those above, where the same are asked for. */
  readonly instead?: Attributes;
}

const int = (value: number): AttributeValue => ({ type: "int", value });
const ints = (...value: readonly number[]): AttributeValue => ({ type: "ints", value });
const float = (value: number): AttributeValue => ({ type: "float", value });
const text = (value: string): AttributeValue => ({ type: "string", value });
const one: AttributeValue = { type: "tensor", value: weights("", [1]) };

const image = [1, 4, 4, 4];
const windowed = { inputs: [image], attributes: { kernel_shape: ints(2, 2) } };
const filtered: Recipe = {
  inputs: [image, [4, 4, 3, 3], [4]],
  instead: { kernel_shape: ints(3, 3), output_shape: ints(6, 6) },
};
const perChannel: Recipe = { inputs: [image, [4], [4], [4], [4]] };
const scaled: Recipe = { inputs: [[2, 3], [], []] };
const reduced: Recipe = { inputs: [[2, 3], { numbers: [1] }], instead: { axes: ints(1) } };
const names = Object.keys(operators);

const recipes: Readonly<Record<string, Recipe>> = {
  ...Object.fromEntries(names.filter((name) => name.startsWith("Reduce")).map((name) => [name, reduced])),
  AveragePool: windowed,
  BatchNormalization: perChannel,
  Cast: { attributes: { to: int(1) } },
  Clip: { inputs: [[2, 3], [], []] },
  Concat: { attributes: { axis: int(0) } },
  Constant: { attributes: { value: one } },
  ConstantOfShape: { inputs: [{ numbers: [2, 3] }] },
  Conv: filtered,
  ConvTranspose: filtered,
  DepthToSpace: { inputs: [image], attributes: { blocksize: int(2) }, instead: { mode: text("CRD") } },
  DequantizeLinear: scaled,
  Dropout: { inputs: [[2, 3], [], []] },
  Expand: { inputs: [[2, 3], { numbers: [2, 3] }] },
  Gather: { inputs: [[2, 3], { numbers: [1] }] },
  Gelu: { instead: { approximate: text("tanh") } },
  Gemm: { inputs: [[3, 3], [3, 3], [3]] },
  GlobalAveragePool: { inputs: [image] },
  GlobalMaxPool: { inputs: [image] },
  InstanceNormalization: perChannel,
  LayerNormalization: { inputs: [[2, 3], [3], [3]], instead: { axis: int(-1) } },
  MatMul: {
    inputs: [
      [3, 3],
      [3, 3],
    ],
  },
  MaxPool: windowed,
  Pad: {
    inputs: [[2, 3], { numbers: [0, 1] }, [], { numbers: [1] }],
    instead: { mode: text("edge") },
  },
  QuantizeLinear: scaled,
  RandomNormal: { attributes: { shape: ints(2, 3) } },
  RandomNormalLike: { instead: { dtype: int(1) } },
  Range: { inputs: [[], [], []] },
  Reshape: { inputs: [[2, 3], { numbers: [3, 2] }] },
  Shape: { instead: { start: int(0), end: int(1) } },
  Slice: { inputs: [[2, 3], ...[0, 1, 0, 1].map((number) => ({ numbers: [number] }))] },
  SpaceToDepth: { inputs: [image], attributes: { blocksize: int(2) } },
  Split: { inputs: [[2, 3], { numbers: [1, 1] }], outputs: 2 },
  Squeeze: { inputs: [[1, 3], { numbers: [0] }] },
  Tile: { inputs: [[2, 3], { numbers: [2, 2] }] },
  Transpose: { instead: { perm: ints(1, 0) } },
  Unsqueeze: { inputs: [[2, 3], { numbers: [0] }] },
};

/** A value that is fit for each attribute that any operator has; some that only operators not checked here have. */
const samples: Attributes = {
  align_corners: int(0),
  allowzero: int(0),
  alpha: float(0.5),
  antialias: int(0),
  approximate: text("none"),
  auto_pad: text("VALID"),
  axes: ints(0),
  axis: int(0),
  batch_dims: int(0),
  beta: float(0.5),
  block_size: int(0),
  blocksize: int(2),
  ceil_mode: int(0),
  count_include_pad: int(0),
  dilations: ints(1, 1),
  direction: text("forward"),
  dtype: int(1),
  end: int(1),
  epsilon: float(0.125),
  exclusive: int(0),
  fmod: int(1),
  gamma: float(0.5),
  group: int(1),
  keepdims: int(0),
  kernel_shape: ints(2, 2),
  max: float(1),
  mean: float(0.5),
  min: float(0.5),
  mode: text("constant"),
  momentum: float(0.5),
  noop_with_empty_axes: int(0),
  num_groups: int(1),
  num_outputs: int(2),
  output_dtype: int(2),
  output_padding: ints(0, 0),
  output_shape: ints(2, 2),
  p: int(2),
  pads: ints(0, 0, 0, 0),
  perm: ints(0, 1),
  reduction: text("none"),
  reverse: int(0),
  saturate: int(1),
  scale: float(0.5),
  seed: float(1),
  shape: ints(2, 3),
  spatial: int(1),
  split: ints(1, 1),
  start: int(0),
  stash_type: int(1),
  storage_order: int(0),
  strides: ints(1, 1),
  to: int(1),
  training_mode: int(0),
  transA: int(0),
  transB: int(0),
  upper: int(1),
  value: one,
  value_float: float(0.5),
  value_floats: { type: "floats", value: [0.5, 1] },
  value_int: int(1),
  value_ints: ints(1, 2),
  value_string: text("a"),
};

const kinds: readonly AttributeValue[] = [int(1), float(0.5), text("a"), ints(1), { type: "floats", value: [1] }, one];

/** A node by itself, with what it is fed. */
export interface Trial {
  readonly what: string;
  readonly node: OnnxNode;
  readonly inputs: readonly ValueInfo[];
  readonly initialisers: readonly Tensor[];
}

interface Change {
  readonly what: string;
  /** How many inputs there are. */
  readonly count?: number;
  readonly outputs?: number;
  readonly attributes?: Attributes;
  /** Place of an input -> the type that it has instead. */
  readonly types?: ReadonlyMap<number, number>;
  /** Places of what is left out. */
  readonly gap?: number;
  readonly outputGap?: number;
}

/** Of a list whose last letter may stand for several, or for none beyond it. */
const letterAt = (letters: readonly string[], i: number) => (letters[i] ?? letters.at(-1) ?? "").replace(/[?*]$/, "");
const required = (letters: readonly string[]) => letters.filter((letter) => !letter.endsWith("?")).length;
const typeAt = (form: Form, i: number) => {
  const allowed = form.types[letterAt(form.inputs, i)] ?? [1];
  return allowed.includes(1) ? 1 : allowed[0]!;
};

/** An operator as a form has it, but for a change. */
function trial(opType: string, form: Form, change: Change): Trial {
  const recipe = recipes[opType] ?? {};
  const { count = required(form.inputs), outputs = recipe.outputs ?? 1 } = change;
  const inputs: ValueInfo[] = [];
  const initialisers: Tensor[] = [];
  const fed = Array.from({ length: count }, (_, i) => {
    if (i === change.gap) return "";
    const name = `x${i}`;
    const given = recipe.inputs?.[i] ?? [2, 3];
    const type = change.types?.get(i) ?? typeAt(form, i);
    if ("numbers" in given && type === 7) initialisers.push(integers(name, given.numbers));
    else inputs.push(port(name, "numbers" in given ? [given.numbers.length] : given, type));
    return name;
  });
  const made = Array.from({ length: outputs }, (_, i) => (i === change.outputGap ? "" : `y${i}`));
  const attributes = change.attributes ?? recipe.attributes ?? {};
  const node = { name: "the node", opType, domain: "", inputs: fed, outputs: made, attributes };
  return { what: `${opType} ${change.what}`, node, inputs, initialisers };
}

/** Every number of inputs and outputs from none to one too many, and each of them left out. */
function counts(form: Form): Change[] {
  const to = (length: number) => Array.from({ length: length + 2 }, (_, i) => i);
  return [
    ...to(form.inputs.length).map((count) => ({ what: `with ${count} inputs`, count })),
    ...form.inputs.map((_, gap) => ({ what: `without input ${gap}`, count: form.inputs.length, gap })),
    ...to(form.outputs.length).map((outputs) => ({
      what: `with ${outputs} outputs`,
      count: form.inputs.length,
      outputs,
    })),
    { what: "without output 0", outputGap: 0 },
  ];
}

/** Every attribute there is, its own as each kind of value, and none where some must be there. */
function told(opType: string, form: Form): Change[] {
  const { attributes = {}, instead = {} } = recipes[opType] ?? {};
  const base = opType === "Constant" ? {} : attributes;
  const own = Object.entries(form.attributes ?? {});
  const given = Object.entries(samples).map(([name, sample]) => ({
    what: `with "${name}"`,
    attributes: { ...base, [name]: instead[name] ?? attributes[name] ?? sample },
  }));
  const mistaken = own.flatMap(([name, type]) =>
    kinds
      .filter((value) => value.type !== type.replace("!", ""))
      .map((value) => ({ what: `with "${name}" as ${value.type}`, attributes: { ...base, [name]: value } })),
  );
  return [...given, ...mistaken, { what: "without attributes", attributes: {} }];
}

/** Every type of element at every input, alone and together with all inputs that are of one type with it. */
function typed(form: Form): Change[] {
  const places = form.inputs.map((letter) => letter.replace(/[?*]$/, ""));
  const count = places.length;
  const all = Array.from({ length: 22 }, (_, i) => i + 1);
  return places.flatMap((letter, place) =>
    all.flatMap((type) => {
      const together = places.flatMap((other, i) => (other === letter ? [[i, type] as const] : []));
      const what = `with type ${type} at ${place}`;
      return [
        { what, count, types: new Map([[place, type]]) },
        { what: `${what} and beside`, count, types: new Map(together) },
      ];
    }),
  );
}

/** An operator as it is in an operator set, or was once or will be, and what may be wrong with it. */
export function trialsOf(opType: string, opset: number): Trial[] {
  const operator = operators[opType]!;
  const form = formOf(operator, opset) ?? operator.forms.at(-1)!;
  const changes: Change[] = [
    { what: "as it is" },
    ...counts(form),
    ...told(opType, form),
    ...typed(form),
    ...Array.from({ length: 22 }, (_, i) => asked(opType, i + 1)).flat(),
  ];
  return changes.map((change) => trial(opType, form, change));
}

/** Where an attribute says the type of what is made: each. */
function asked(opType: string, type: number): Change[] {
  const named: Readonly<Record<string, string>> = {
    Cast: "to",
    QuantizeLinear: "output_dtype",
    RandomNormal: "dtype",
    RandomNormalLike: "dtype",
  };
  const name = named[opType];
  const { attributes } = recipes[opType] ?? {};
  if (!name) return [];
  return [{ what: `makes type ${type}`, attributes: { ...attributes, [name]: int(type) } }];
}

/** The node beside another that makes the file's output; what the node makes too, where that is known. */
export function fileOfTrial({ node, inputs, initialisers }: Trial, opset: number): Uint8Array {
  const beside: OnnxNode = {
    ...node,
    name: "beside",
    opType: "Identity",
    inputs: ["d"],
    outputs: ["e"],
    attributes: {},
  };
  return fileOf(
    {
      nodes: [node, beside],
      inputs: [...inputs, port("d", [1])],
      initialisers,
      outputs: [port("e", [1]), ...madeBy({ node, inputs, initialisers }, opset)],
    },
    { opset },
  );
}

/** What the checker says that the node makes; nothing where it refuses it. */
function madeBy({ node, inputs, initialisers }: Omit<Trial, "what">, opset: number): ValueInfo[] {
  const known = new Map<string, Fact>([
    ...inputs.map(({ name, elementType, shape }) => [name, { type: elementType, shape }] as const),
    ...initialisers.map((tensor) => [tensor.name, factOf(tensor)] as const),
  ]);
  try {
    const facts = checkNode(
      node,
      opset,
      node.inputs.map((name) => known.get(name)),
    );
    return facts.flatMap(({ type, shape }, i) => {
      const name = node.outputs[i]!;
      return name !== "" && type !== undefined && shape ? [port(name, shape, type)] : [];
    });
  } catch {
    return [];
  }
}
