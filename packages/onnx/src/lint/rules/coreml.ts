import { nodeRule, type Rule } from "../rule.ts";
import type { OnnxNode } from "../../messages.ts";

const BUILDER = "microsoft/onnxruntime core/providers/coreml/builders/impl/convtranspose_op_builder.cc";
const onlyTransposed = ({ opType }: OnnxNode): boolean => opType === "ConvTranspose";

/** Of onnxruntime's CoreML execution provider; what it refuses runs on the CPU. */
export const coreml: readonly Rule[] = [
  nodeRule(
    { id: "no-pads", what: "a ConvTranspose must say its pads", source: BUILDER },
    (node, subject) => onlyTransposed(node) && subject.ints(node, "pads").length === 0,
  ),
  nodeRule(
    { id: "unequal-pads", what: "all pads of a ConvTranspose must be equal", source: BUILDER },
    (node, subject) => onlyTransposed(node) && new Set(subject.ints(node, "pads")).size > 1,
  ),
  nodeRule(
    { id: "output-padding", what: "output_padding must be 0", source: BUILDER },
    (node, subject) => onlyTransposed(node) && subject.ints(node, "output_padding").some((pad) => pad > 0),
  ),
  nodeRule(
    { id: "output-shape", what: "output_shape is refused: say the pads", source: BUILDER },
    (node, subject) => onlyTransposed(node) && subject.ints(node, "output_shape").length > 0,
  ),
  nodeRule(
    { id: "constant-weights", what: "weights and bias of a ConvTranspose must be constants", source: BUILDER },
    (node, subject) =>
      onlyTransposed(node) && node.inputs.slice(1).some((name) => name !== "" && subject.constant(name) === undefined),
  ),
];
