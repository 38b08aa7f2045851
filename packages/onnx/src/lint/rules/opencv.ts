import { FLOAT16 } from "../../data-types.ts";
import { nodeRule, type Rule } from "../rule.ts";

const MEASURED = "measured with OpenCV 4.6 (Debian's libopencv-dnn)";

export const opencv: readonly Rule[] = [
  nodeRule(
    { id: "gemm-rows", what: "weights of a Gemm must be stored [out, in] and read with transB 1", source: MEASURED },
    (node, subject) => node.opType === "Gemm" && subject.int(node, "transB", 0) === 0,
  ),
  nodeRule(
    { id: "uneven-pads", what: "uneven pads of a ConvTranspose are not implemented", source: MEASURED },
    (node, subject) => node.opType === "ConvTranspose" && subject.isUneven(node),
  ),
  nodeRule(
    { id: "negative-pad", what: "a Pad that cuts is refused", source: MEASURED },
    ({ opType, inputs }, subject) => opType === "Pad" && (subject.numbers(inputs[1]) ?? []).some((pad) => pad < 0),
  ),
  {
    id: "float16",
    what: "initialisers of float16 are refused",
    source: MEASURED,
    find: ({ model }) =>
      model.graph.initialisers.filter(({ elementType }) => elementType === FLOAT16).map(({ name }) => name),
  },
  nodeRule(
    { id: "scales-per-channel", what: "weights with a scale for each channel are refused", source: MEASURED },
    ({ opType, inputs }, subject) => {
      const scale = subject.constant(inputs[1]);
      return opType === "DequantizeLinear" && (scale?.dims[0] ?? 1) > 1;
    },
  ),
];
