import type { Suite, SuiteName } from "../suite.ts";
import { codec } from "./codec.ts";
import { edge } from "./edge.ts";
import { gemm } from "./gemm.ts";
import { infer } from "./infer.ts";
import { ops } from "./ops.ts";
import { tfjs } from "./tfjs.ts";
import { train } from "./train.ts";

export const suites: Readonly<Record<SuiteName, Suite>> = { train, gemm, ops, infer, codec, tfjs, edge };
