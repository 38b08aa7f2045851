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
import { Kernel } from "./kernel-numbers";

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
    v128.store(to, kernel < Kernel.Add ? mapped(kernel, a) : combined(kernel, a, v128.load(other)));
    x += 16;
    other += 16;
    if (x == xEnd) x = call.x;
    if (other == otherEnd) other = call.weights;
  }
}

/** Each exponential stands here once: code is what devices pay for. */
function mapped(kernel: i32, x: v128): v128 {
  if (kernel == Kernel.Abs) return f32x4.abs(x);
  if (kernel == Kernel.Sqrt) return f32x4.sqrt(x);
  if (kernel == Kernel.Expm1 || kernel == Kernel.Tanh) {
    const t = expm1V(kernel == Kernel.Tanh ? doubleMagnitude(x) : x);
    return kernel == Kernel.Tanh ? tanhFrom(x, t) : t;
  }
  const e = expV(kernel == Kernel.Exp ? x : kernel == Kernel.Erf ? erfExponent(x) : f32x4.neg(f32x4.abs(x)));
  if (kernel == Kernel.Exp) return e;
  if (kernel == Kernel.Erf) return erfFrom(x, e);
  return kernel == Kernel.Sigmoid ? sigmoidFrom(x, e) : softplusFrom(x, e);
}

function combined(kernel: i32, a: v128, b: v128): v128 {
  if (kernel == Kernel.Add) return f32x4.add(a, b);
  if (kernel == Kernel.Sub) return f32x4.sub(a, b);
  if (kernel == Kernel.Mul) return f32x4.mul(a, b);
  if (kernel == Kernel.Div) return f32x4.div(a, b);
  if (kernel == Kernel.Maximum) return f32x4.max(a, b);
  return f32x4.min(a, b);
}
