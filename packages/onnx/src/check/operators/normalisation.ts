import { BOOL } from "../../data-types.ts";
import { floats, floatsAndBrain } from "../element-types.ts";
import { mayEqual, shapeText } from "../fact.ts";
import type { NodeFacts, Outcome } from "../node-facts.ts";
import { operator, type Operators } from "../operator.ts";
import { broadcast } from "./elementwise.ts";

/** One number for each channel, axis 1. */
function perChannel(facts: NodeFacts): readonly Outcome[] {
  const x = facts.shape(0);
  for (let i = 1; x && i < facts.inputs; i++) {
    const shape = facts.shape(i);
    if (shape && (shape.length !== 1 || !mayEqual(shape[0]!, x[1] ?? null))) {
      facts.fail(`has input ${i} of shape ${shapeText(shape)} for ${x[1]} channels`);
    }
  }
  return [{ shape: x }];
}

/** Running means and variances come out where a network is trained, and only there. */
function batch(facts: NodeFacts): readonly Outcome[] {
  const count = facts.node.outputs.length;
  const isTrained = facts.flag("training_mode", 0);
  const fits = facts.opset < 14 ? count === 1 || count === 5 : count === (isTrained ? 3 : 1);
  if (!fits) facts.fail(`has ${count} outputs${isTrained ? " in training" : ""}`);
  return perChannel(facts);
}

/** Over the axes from `axis` on; the other outputs are means and deviations. */
function layer(facts: NodeFacts): readonly Outcome[] {
  const x = facts.shape(0);
  if (!x) return [];
  const axis = facts.axis(facts.int("axis", -1), x.length);
  for (const i of [1, 2]) {
    const shape = facts.shape(i);
    if (shape && broadcast(x.slice(axis), shape)?.length !== x.length - axis) {
      facts.fail(`has input ${i} of shape ${shapeText(shape)} for ${shapeText(x.slice(axis))}`);
    }
  }
  const rest = x.map((dim, i) => (i < axis ? dim : 1));
  return [{ shape: x }, { shape: rest }, { shape: rest }];
}

/** When a network is only run, everything passes, and the mask is as large. */
const dropout = (facts: NodeFacts): readonly Outcome[] => [{ shape: facts.shape(0) }, { shape: facts.shape(0) }];

const trained = { epsilon: "float", momentum: "float" } as const;

export const normalisation: Operators = {
  BatchNormalization: operator(
    [
      {
        since: 15,
        inputs: ["T", "T1", "T1", "T2", "T2"],
        outputs: ["T", "T2?", "T2?"],
        types: { T: floatsAndBrain, T1: floatsAndBrain, T2: floatsAndBrain },
        attributes: { ...trained, training_mode: "int" },
      },
      {
        since: 14,
        inputs: ["T", "T", "T", "U", "U"],
        outputs: ["T", "U?", "U?"],
        types: { T: floatsAndBrain, U: floatsAndBrain },
        attributes: { ...trained, training_mode: "int" },
      },
      {
        inputs: ["T", "T", "T", "T", "T"],
        outputs: ["T", "T?", "T?", "T?", "T?"],
        types: { T: floats },
        attributes: trained,
      },
    ],
    batch,
  ),
  Dropout: operator(
    {
      inputs: ["T", "T1?", "T2?"],
      outputs: ["T", "T2?"],
      types: { T: floatsAndBrain, T1: floats, T2: [BOOL] },
      attributes: { seed: "int" },
    },
    dropout,
  ),
  InstanceNormalization: operator(
    { inputs: ["T", "T", "T"], outputs: ["T"], types: { T: floats }, attributes: { epsilon: "float" } },
    perChannel,
  ),
  LayerNormalization: operator(
    {
      since: 17,
      inputs: ["T", "T", "T?"],
      outputs: ["T", "U?", "U?"],
      types: { T: floatsAndBrain, U: [1, 16] },
      attributes: { axis: "int", epsilon: "float", stash_type: "int" },
    },
    layer,
  ),
};
