import { UINT8 } from "../../data-types.ts";
import { nodeRule, operatorRule, type Rule } from "../rule.ts";

const OPERATORS = "onnx/onnx-tensorrt docs/operators.md";

export const tensorrt: readonly Rule[] = [
  {
    id: "operator-set",
    what: "TensorRT 10.0 reads operator sets 9 to 20",
    source: `${OPERATORS} (10.0)`,
    find: ({ opset }) => (opset > 20 ? ["the file"] : []),
  },
  nodeRule(
    { id: "zero-point", what: "zero points must be 0: quantise symmetrically, to int8", source: OPERATORS },
    ({ opType, inputs }, subject) => {
      if (opType !== "QuantizeLinear" && opType !== "DequantizeLinear") return false;
      if (!inputs[2]) return opType === "QuantizeLinear";
      const zero = subject.constant(inputs[2]);
      return !zero || zero.elementType === UINT8 || zero.data.some((byte) => byte !== 0);
    },
  ),
  operatorRule(
    {
      id: "integer-operators",
      what: "is not supported: put QuantizeLinear and DequantizeLinear around the operator of floats",
      source: OPERATORS,
    },
    ["QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger", "DynamicQuantizeLinear"],
  ),
  operatorRule(
    { id: "random", what: "the seed of random numbers is ignored: make the noise an input", source: OPERATORS },
    ["RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"],
  ),
  nodeRule(
    {
      id: "constant-weights",
      what: "the weights of a convolution must be an initialiser, or bytes behind a DequantizeLinear",
      source: `${OPERATORS} (8.4); NVIDIA TensorRT documentation, Explicit Quantization: pre-quantised weights`,
    },
    ({ opType, inputs }, subject) => {
      const isConvolution = opType === "Conv" || opType === "ConvTranspose";
      return isConvolution && !subject.constant(inputs[1]) && !subject.isDequantised(inputs[1]);
    },
  ),
  nodeRule(
    {
      id: "pool-indices",
      what: "the places of the largest are not given, only the largest",
      source: `${OPERATORS} (8.4)`,
    },
    ({ opType, outputs }) => opType === "MaxPool" && outputs.length > 1,
  ),
];
