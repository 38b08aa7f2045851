import { operatorRule, type Rule } from "../rule.ts";

/** Of onnxruntime-web; what it lacks runs on the CPU, with copies there and back. */
export const webgpu: readonly Rule[] = [
  operatorRule(
    {
      id: "no-gpu-kernel",
      what: "has no kernel for WebGPU and runs on the CPU",
      source: "microsoft/onnxruntime js/web/docs/webgpu-operators.md",
    },
    ["Softplus", "Selu", "RandomNormal", "RandomNormalLike", "QuantizeLinear"],
  ),
];
