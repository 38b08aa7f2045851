import { decodeModel } from "../decode.ts";
import { checkVersions } from "../check/versions.ts";
import { checkNames } from "../check/names.ts";
import type { Rule } from "./rule.ts";
import { burn } from "./rules/burn.ts";
import { coreml } from "./rules/coreml.ts";
import { everywhere } from "./rules/everywhere.ts";
import { opencv } from "./rules/opencv.ts";
import { openvino } from "./rules/openvino.ts";
import { tensorrt } from "./rules/tensorrt.ts";
import { webgpu } from "./rules/webgpu.ts";
import { Subject } from "./subject.ts";

/** A runtime whose limits are known. */
export type LintTarget = "tensorrt" | "openvino" | "coreml" | "ort-web-webgpu" | "opencv" | "burn";

const rules: Readonly<Record<LintTarget, readonly Rule[]>> = {
  tensorrt,
  openvino,
  coreml,
  "ort-web-webgpu": webgpu,
  opencv,
  burn,
};

export const lintTargets: readonly LintTarget[] = Object.keys(rules) as LintTarget[];

/** Where a known limit bites. */
export interface LintWarning {
  /** Of the rule, such as `uneven-pads`. */
  readonly id: string;
  /** The node, the initialiser, or `the file`. */
  readonly where: string;
  readonly what: string;
  /** Where the limit was read, or how it was measured. */
  readonly source: string;
}

/** The rules of a runtime, those that hold everywhere first. */
export function rulesFor(target: LintTarget): readonly Rule[] {
  if (!Object.hasOwn(rules, target)) {
    throw new RangeError(`"target" expected one of ${lintTargets.join(", ")}, got ${String(target)}`);
  }
  return [...everywhere, ...rules[target]];
}

/**
 * What is known to go wrong with an ONNX file in a runtime; nothing is run there, so a file without warnings may still fail.
 *
 * @throws RangeError an unknown target
 * @throws IsthmusError `ONNX_INVALID` what `checkOnnx` refuses in names, versions, operators and types
 */
export function lintFor(target: LintTarget, bytes: Uint8Array): LintWarning[] {
  const known = rulesFor(target);
  const model = decodeModel(bytes);
  checkVersions(model);
  checkNames(model.graph);
  const subject = new Subject(model);
  return known.flatMap(({ id, what, source, find }) => find(subject).map((where) => ({ id, where, what, source })));
}
