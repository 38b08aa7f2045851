import { FLOAT, UINT8 } from "../../data-types.ts";
import { floats8, nibbles } from "../element-types.ts";
import { mayEqual, shapeText } from "../fact.ts";
import type { NodeFacts, Outcome } from "../node-facts.ts";
import { operator, type Operators } from "../operator.ts";

/** One scale, or one for each index of the axis; a zero point beside each scale. */
function requireScales(facts: NodeFacts): void {
  const [x, scale, zero] = [facts.shape(0), facts.shape(1), facts.shape(2)];
  if (scale && zero && (scale.length !== zero.length || scale.some((dim, i) => !mayEqual(dim, zero[i]!)))) {
    facts.fail(`has scales of shape ${shapeText(scale)} and zero points of shape ${shapeText(zero)}`);
  }
  if (!x || scale?.length !== 1 || scale[0] === 1) return;
  const axis = facts.axis(facts.int("axis", 1), x.length);
  if (!mayEqual(scale[0]!, x[axis]!)) facts.fail(`has ${scale[0]} scales on axis ${axis} of ${shapeText(x)}`);
}

function quantize(facts: NodeFacts): readonly Outcome[] {
  requireScales(facts);
  const asked = facts.int("output_dtype", 0);
  const type = facts.type(2) ?? (facts.has(2) ? undefined : asked || UINT8);
  return [{ shape: facts.shape(0), type }];
}

function dequantize(facts: NodeFacts): readonly Outcome[] {
  requireScales(facts);
  return [{ shape: facts.shape(0) }];
}

const scales = [FLOAT, 10, 16];
const bytes = [2, 3];

export const quantisation: Operators = {
  DequantizeLinear: operator(
    [
      {
        since: 21,
        inputs: ["T", "S", "T?"],
        outputs: ["S"],
        types: { T: [...bytes, 4, 5, 6, ...floats8, ...nibbles], S: scales },
        attributes: { axis: "int", block_size: "int" },
      },
      {
        since: 19,
        inputs: ["T", "S", "T?"],
        outputs: ["S"],
        types: { T: [...bytes, 6, ...floats8], S: scales },
        attributes: { axis: "int" },
      },
      {
        inputs: ["T", "S", "T?"],
        outputs: ["S"],
        types: { T: [...bytes, 6], S: [FLOAT] },
        attributes: { axis: "int" },
      },
    ],
    dequantize,
  ),
  QuantizeLinear: operator(
    [
      {
        since: 21,
        inputs: ["T1", "T1", "T2?"],
        outputs: ["T2"],
        types: { T1: [...scales, 6], T2: [...bytes, 4, 5, ...floats8, ...nibbles] },
        attributes: { axis: "int", block_size: "int", output_dtype: "int", saturate: "int" },
      },
      {
        since: 19,
        inputs: ["T1", "T1", "T2?"],
        outputs: ["T2"],
        types: { T1: [...scales, 6], T2: [...bytes, ...floats8] },
        attributes: { axis: "int", saturate: "int" },
      },
      {
        inputs: ["T1", "S", "T2?"],
        outputs: ["T2"],
        types: { T1: [FLOAT, 6], S: [FLOAT], T2: bytes },
        attributes: { axis: "int" },
      },
    ],
    quantize,
  ),
};
