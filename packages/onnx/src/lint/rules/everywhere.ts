import { irVersionOf } from "../../opset.ts";
import { nodeRule, type Rule } from "../rule.ts";

/** What bites wherever a file is run. */
export const everywhere: readonly Rule[] = [
  {
    id: "newer-ir",
    what: "an IR version newer than the operator set needs is refused by runtimes that read the operator set",
    source: "microsoft/onnxruntime #20559, #23602: Unsupported model IR version",
    find: ({ model, opset }) => (model.irVersion > (irVersionOf(opset) ?? model.irVersion) ? ["the file"] : []),
  },
  nodeRule(
    {
      id: "auto-pad",
      what: "pads that a runtime works out differ between runtimes and their versions; write them",
      source:
        "microsoft/onnxruntime #4086, #6067, #11927; onnx/onnx #2788: SAME_UPPER of ConvTranspose was read in several ways",
    },
    (node, subject) => subject.isAutoPadded(node),
  ),
  nodeRule(
    {
      id: "fixed-batch",
      what: "a batch of any size is brought to a shape with one fixed size in front: only that batch runs",
      source: "ultralytics/ultralytics #13048, roboflow/rf-detr #949: batch hard-coded in Reshape",
    },
    (node, subject) => {
      if (node.opType !== "Reshape") return false;
      const isFree = typeof subject.fact(node.inputs[0])?.shape?.[0] === "string";
      return isFree && (subject.numbers(node.inputs[1])?.[0] ?? -1) > 0;
    },
  ),
];
