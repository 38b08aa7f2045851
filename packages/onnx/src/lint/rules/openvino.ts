import { FLOAT } from "../../data-types.ts";
import { nodeRule, type Rule } from "../rule.ts";

const OPERATORS = "openvinotoolkit/openvino src/frontends/onnx/docs/supported_ops.md";

export const openvino: readonly Rule[] = [
  nodeRule(
    {
      id: "other-domains",
      what: "operators outside ONNX's own domain are supported by the community only",
      source: OPERATORS,
    },
    ({ domain }) => domain !== "" && domain !== "ai.onnx",
  ),
  nodeRule(
    { id: "pad-axes", what: "Pad is read as of operator set 11, which has no axes", source: OPERATORS },
    ({ opType, inputs }) => opType === "Pad" && (inputs[3] ?? "") !== "",
  ),
  nodeRule(
    {
      id: "quantisation-of-19",
      what: "QuantizeLinear is read as of operator sets 13 and 21: float8 and scales in float16 of 19 are not",
      source: OPERATORS,
    },
    ({ opType, inputs }, subject) => {
      const isBetween = opType === "QuantizeLinear" && subject.opset >= 19 && subject.opset < 21;
      return isBetween && subject.fact(inputs[1])?.type !== FLOAT;
    },
  ),
];
