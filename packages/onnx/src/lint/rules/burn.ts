import { nodeRule, operatorRule, type Rule } from "../rule.ts";

const SOURCE = "tracel-ai/burn-onnx, as of February 2026";

export const burn: readonly Rule[] = [
  nodeRule(
    { id: "uneven-pads", what: "uneven pads of a ConvTranspose are an error", source: SOURCE },
    (node, subject) => node.opType === "ConvTranspose" && subject.isUneven(node),
  ),
  operatorRule({ id: "quantisation", what: "is not supported", source: SOURCE }, [
    "QuantizeLinear",
    "DequantizeLinear",
  ]),
];
