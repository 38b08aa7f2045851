import fc from "fast-check";
import { importedOperators } from "../../src/import/operators.ts";
import type { AttributeValue, OnnxModel, OnnxNode, Tensor } from "../../src/messages.ts";
import { floats, integers, model, value } from "./onnx-models.ts";

/** Numbers that shapes, axes and sizes like to trip over. */
const odd = fc.constantFrom(-(2 ** 53) + 1, -(2 ** 31), -5, -2, -1, 0, 1, 2, 3, 4, 7, 2 ** 20, 2 ** 31, 2 ** 52);
const small = fc.integer({ min: -3, max: 5 });
const number = fc.oneof({ weight: 5, arbitrary: small }, { weight: 1, arbitrary: odd });

const attributeNames = [
  ...[
    "axis",
    "axes",
    "perm",
    "pads",
    "strides",
    "dilations",
    "kernel_shape",
    "group",
    "output_padding",
    "output_shape",
  ],
  ...["alpha", "beta", "transA", "transB", "keepdims", "to", "value", "blocksize", "epsilon", "ceil_mode", "auto_pad"],
  ...[
    "count_include_pad",
    "allowzero",
    "mode",
    "split",
    "starts",
    "ends",
    "min",
    "max",
    "training_mode",
    "start",
    "end",
    "broadcast",
    "is_test",
    "num_outputs",
    "noop_with_empty_axes",
  ],
];

const tensor = (name: string): fc.Arbitrary<Tensor> =>
  fc.oneof(
    fc.array(small, { maxLength: 6 }).map((values) => integers(name, values)),
    fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 5 }).map((dims) =>
      floats(
        name,
        dims,
        Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => i / 4),
      ),
    ),
    number.map((single) => integers(name, [single], [])),
  );

const attribute: fc.Arbitrary<AttributeValue> = fc.oneof(
  number.map((single): AttributeValue => ({ type: "int", value: single })),
  fc.array(number, { maxLength: 8 }).map((list): AttributeValue => ({ type: "ints", value: list })),
  fc.float().map((single): AttributeValue => ({ type: "float", value: single })),
  fc
    .constantFrom("SAME_UPPER", "SAME_LOWER", "VALID", "reflect", "edge", "CRD", "x")
    .map((text): AttributeValue => ({ type: "string", value: text })),
  tensor("").map((held): AttributeValue => ({ type: "tensor", value: held })),
);

const WEIGHTS = ["w0", "w1", "w2", "w3"];

function nodeAt(i: number): fc.Arbitrary<OnnxNode> {
  const before = ["x", "image", "", ...WEIGHTS, ...Array.from({ length: i }, (_, j) => `v${j}`)];
  const latest = i === 0 ? "x" : `v${i - 1}`;
  return fc
    .record({
      opType: fc.constantFrom(...importedOperators),
      first: fc.constantFrom(latest, latest, "image", ...before),
      others: fc.array(fc.constantFrom(...before), { maxLength: 4 }),
      attributes: fc.dictionary(fc.constantFrom(...attributeNames), attribute, { maxKeys: 4 }),
    })
    .map(({ opType, first, others, attributes }) => ({
      name: `n${i}`,
      opType,
      domain: "",
      inputs: [first, ...others],
      outputs: [`v${i}`, `second${i}`],
      attributes,
    }));
}

/** Models whose messages are sound, and what they say drawn. */
export function senseless(): fc.Arbitrary<OnnxModel> {
  const dims = fc.array(fc.constantFrom("batch", "other", null, 1, 2, 3, 4), { maxLength: 5 });
  return fc.integer({ min: 1, max: 6 }).chain((count) =>
    fc
      .record({
        nodes: fc.tuple(...Array.from({ length: count }, (_, i) => nodeAt(i))),
        initialisers: fc.tuple(...WEIGHTS.map(tensor)),
        shape: fc.oneof({ weight: 3, arbitrary: fc.constant(["batch", 4]) }, { weight: 1, arbitrary: dims }),
        version: fc.constantFrom(1, 6, 7, 10, 11, 12, 13, 17, 18, 21),
        elementType: fc.constantFrom(1, 1, 1, 2, 6, 7, 9, 10, 11),
      })
      .map(({ nodes, initialisers, shape, version, elementType }) =>
        model(
          nodes,
          {
            initialisers,
            inputs: [value("x", shape, elementType), value("image", ["batch", 2, 5, 5])],
            outputs: [value(`v${count - 1}`, [])],
          },
          { operatorSets: [{ domain: "", version }] },
        ),
      ),
  );
}
