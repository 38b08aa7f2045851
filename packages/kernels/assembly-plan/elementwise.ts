/** Functions of each number, four at once. */
import {
  doubleMagnitude,
  erfExponent,
  erfFrom,
  expm1V,
  expV,
  sigmoidFrom,
  softplusFrom,
  tanhFrom,
} from "../assembly/functions";
import { Call } from "./call";

/** Kernels by their numbers, as `KERNELS` of `src/plan.ts` has them. */
const ABS = 8;
const SQRT = 9;
const EXP = 10;
const EXPM1 = 11;
const ERF = 12;
const SIGMOID = 13;
const TANH = 14;
const ADD = 16;
const SUB = 17;
const MUL = 18;
const DIV = 19;
const MAXIMUM = 20;

/** `x` and `weights` begin anew after so many numbers as `channels` and `yChannels` say; all are multiples of four. */
export function elementwise(call: Call): void {
  const kernel = call.kernel;
  const xEnd = call.x + (<usize>call.channels << 2);
  const otherEnd = call.weights + (<usize>call.yChannels << 2);
  const end = call.y + (<usize>call.length << 2);
  let x = call.x;
  let other = call.weights;
  for (let to = call.y; to < end; to += 16) {
    const a = v128.load(x);
    v128.store(to, kernel < ADD ? mapped(kernel, a) : combined(kernel, a, v128.load(other)));
    x += 16;
    other += 16;
    if (x == xEnd) x = call.x;
    if (other == otherEnd) other = call.weights;
  }
}

/** Each exponential stands here once: code is what devices pay for. */
function mapped(kernel: i32, x: v128): v128 {
  if (kernel == ABS) return f32x4.abs(x);
  if (kernel == SQRT) return f32x4.sqrt(x);
  if (kernel == EXPM1 || kernel == TANH) {
    const t = expm1V(kernel == TANH ? doubleMagnitude(x) : x);
    return kernel == TANH ? tanhFrom(x, t) : t;
  }
  const e = expV(kernel == EXP ? x : kernel == ERF ? erfExponent(x) : f32x4.neg(f32x4.abs(x)));
  if (kernel == EXP) return e;
  if (kernel == ERF) return erfFrom(x, e);
  return kernel == SIGMOID ? sigmoidFrom(x, e) : softplusFrom(x, e);
}

function combined(kernel: i32, a: v128, b: v128): v128 {
  if (kernel == ADD) return f32x4.add(a, b);
  if (kernel == SUB) return f32x4.sub(a, b);
  if (kernel == MUL) return f32x4.mul(a, b);
  if (kernel == DIV) return f32x4.div(a, b);
  if (kernel == MAXIMUM) return f32x4.max(a, b);
  return f32x4.min(a, b);
}
